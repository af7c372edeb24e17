// The offline page: when this device last reached the workspace, and back again as soon as there is a network.
const age = document.querySelector("[data-age]");
const language = document.documentElement.lang || "en";

async function show() {
  const kept = await caches.match("/offline/last");
  if (!kept || !age) return;
  const { at } = await kept.json();
  const minutes = Math.round((Date.now() - at) / 60000);
  const format = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
  const words =
    minutes < 60
      ? format.format(-minutes, "minute")
      : minutes < 2880
        ? format.format(-Math.round(minutes / 60), "hour")
        : format.format(-Math.round(minutes / 1440), "day");
  age.querySelector("time").textContent = words;
  age.querySelector("time").dateTime = new Date(at).toISOString();
  age.hidden = false;
}

show();
addEventListener("online", () => location.reload());
document.querySelector("[data-again]")?.addEventListener("click", () => location.reload());
