// Small improvements over plain pages; every page works without this file.
import "./live.js";
import "./elements.js";
import "./palette.js";
import "./keys.js";

const root = document.documentElement;

// Where a row of tabs has more than fits, it opens at the chosen one.
for (const row of document.querySelectorAll("nav.filters, .contents ul")) {
  const chosen = row.querySelector("[aria-current]")?.getBoundingClientRect();
  if (!chosen || row.scrollWidth <= row.clientWidth) continue;
  const box = row.getBoundingClientRect();
  row.scrollLeft += chosen.left + chosen.width / 2 - (box.left + box.width / 2);
}

// Looks change at once and are kept by the server, which draws every later page with them.
document.addEventListener("submit", async (event) => {
  const form = event.target.closest("form[data-instant]");
  if (!form) return;
  event.preventDefault();
  const data = new FormData(form, event.submitter ?? undefined);
  apply(data, form);
  try {
    const answer = await fetch(form.action, {
      method: "POST",
      body: new URLSearchParams(data),
      headers: { Accept: "application/json" },
    });
    if (!answer.ok) location.reload();
  } catch {
    // Offline: the look stays for this page and is asked for again another time.
  }
});
document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-instant]");
  if (form && event.target.type === "checkbox") form.requestSubmit();
});

function apply(data, form) {
  for (const name of ["theme", "density", "motion"]) {
    if (!data.has(name)) continue;
    root.dataset[name] = data.get(name);
    for (const button of form.querySelectorAll(`button[name=${name}]`)) {
      button.setAttribute("aria-pressed", String(button.value === data.get(name)));
    }
  }
  if (data.has("single_key_shortcuts")) root.toggleAttribute("data-keys", data.getAll("single_key_shortcuts").at(-1) === "on");
}

// Dialogs open by their button (commandfor where the browser knows it) and close by any [data-close] inside.
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-opens]");
  const dialog = opener && document.getElementById(opener.dataset.opens);
  if (dialog && !dialog.open) setTimeout(() => !dialog.open && dialog.showModal());
  if (event.target.closest("[data-close]")) event.target.closest("dialog")?.close();
  if (event.target instanceof HTMLDialogElement && event.target.hasAttribute("open") && outside(event)) event.target.close();
  for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
});
function outside(event) {
  const box = event.target.getBoundingClientRect();
  return event.clientX < box.left || event.clientX > box.right || event.clientY < box.top || event.clientY > box.bottom;
}
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// A name to be typed must match before the button works; the browser says what is wrong in its own place.
document.addEventListener("input", (event) => {
  const wanted = event.target.dataset?.mustEqual;
  if (wanted !== undefined) {
    event.target.setCustomValidity(event.target.value.trim() === wanted ? "" : event.target.dataset.message);
  }
});

// A form is sent once, however often its button is pressed.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented) return;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "1";
  setTimeout(() => delete form.dataset.sent, 4000);
});

// After an error the summary gets the focus, so that it is read and its links are one Tab away.
document.querySelector("[data-focus]")?.focus();

const offline = () => {
  for (const note of document.querySelectorAll("[data-offline]")) note.hidden = navigator.onLine;
};
addEventListener("online", offline);
addEventListener("offline", offline);
offline();

// Apple's keyboards have a sign of their own for the key.
if (/Mac|iPhone|iPad/.test(navigator.platform)) {
  for (const key of document.querySelectorAll("[data-mod-key]")) key.textContent = `⌘${key.dataset.modKey}`;
}
