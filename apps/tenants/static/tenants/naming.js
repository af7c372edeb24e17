// Proposes an address while the name is typed, says whether a typed one is free, and hands over the browser's time zone.
const form = document.getElementById("naming");
const name = form.elements.name, address = form.elements.slug, verdict = document.getElementById("address-verdict");
let isOwn = false, timer = 0, asked = 0;

form.elements.time_zone.value = Intl.DateTimeFormat().resolvedOptions().timeZone || "";

async function ask(query) {
  const number = ++asked;
  try {
    const answer = await fetch(`${form.dataset.check}?${new URLSearchParams(query)}`, { headers: { Accept: "application/json" } });
    if (!answer.ok || number !== asked) return;
    const found = await answer.json();
    if (!isOwn) address.value = found.address;
    verdict.textContent = found.text;
    verdict.className = found.free ? "sm is-free" : "sm is-taken";
  } catch { verdict.textContent = ""; }
}

function later(query) {
  clearTimeout(timer);
  timer = setTimeout(() => ask(query), 300);
}

name.addEventListener("input", () => { if (!isOwn) later({ name: name.value }); });
address.addEventListener("input", () => {
  isOwn = address.value !== "";
  later(isOwn ? { address: address.value } : { name: name.value });
});
if (address.value) ask({ address: address.value });
