// Registers the service worker, offers updates and notifications, and cleans up at sign-out. Texts stand in the page.
const holder = document.querySelector("pwa-app, [data-pwa]");
const token = () => document.querySelector("input[name=csrfmiddlewaretoken]")?.value || "";
const show = (name) => {
  const part = document.querySelector(`[data-pwa-part="${name}"]`);
  if (part) part.hidden = false;
  return part;
};

if (holder && "serviceWorker" in navigator) start();

async function start() {
  const asked = navigator.serviceWorker.register(holder.dataset.worker, { scope: "/", updateViaCache: "none" });
  const registration = await asked.catch(() => null); // refused, or the page was left meanwhile: the next page asks again
  if (!registration) return;
  offerUpdates(registration);
  keepLanguage(registration);
  cleanAtSignOut(registration);
  if (holder.dataset.push && "PushManager" in window) notifications(await navigator.serviceWorker.ready);
}

function offerUpdates(registration) {
  const offer = (worker) => {
    const part = show("update");
    part?.querySelector("button").addEventListener("click", () => worker.postMessage("activate"));
  };
  if (registration.waiting && navigator.serviceWorker.controller) offer(registration.waiting);
  registration.addEventListener("updatefound", () => {
    const worker = registration.installing;
    worker?.addEventListener("statechange", () => {
      if (worker.state === "installed" && navigator.serviceWorker.controller) offer(worker);
    });
  });
  const had = Boolean(navigator.serviceWorker.controller);
  navigator.serviceWorker.addEventListener("controllerchange", () => had && location.reload());
}

// The offline page is kept in the language of the pages.
function keepLanguage(registration) {
  const language = document.documentElement.lang;
  if (localStorage.getItem("offline-language") === language) return;
  navigator.serviceWorker.ready.then(() => {
    registration.active?.postMessage("language");
    localStorage.setItem("offline-language", language);
  });
}

function cleanAtSignOut(registration) {
  for (const form of document.querySelectorAll(`form[action="${holder.dataset.signOut}"]`)) {
    form.addEventListener("submit", () => {
      registration.active?.postMessage("signed-out");
      registration.pushManager?.getSubscription().then((one) => one?.unsubscribe());
    });
  }
}

async function notifications(registration) {
  const answer = await fetch(holder.dataset.push, { headers: { Accept: "application/json" } });
  if (!answer.ok) return;
  const state = await answer.json();
  const mine = await registration.pushManager.getSubscription();
  if (mine && Notification.permission === "granted") await send(holder.dataset.subscribe, mine.toJSON());
  const onPage = document.querySelector("[data-pwa-switch]");
  if (onPage) return drawSwitch(onPage, registration, state, mine);
  const asked = localStorage.getItem("push-asked");
  if (!state.offer || mine || asked || Notification.permission !== "default") return;
  const part = show("push");
  part?.querySelector("[data-yes]").addEventListener("click", async () => {
    part.hidden = true;
    localStorage.setItem("push-asked", "1");
    await subscribe(registration, state.key);
  });
  part?.querySelector("[data-no]").addEventListener("click", () => {
    part.hidden = true;
    localStorage.setItem("push-asked", "1");
  });
}

function drawSwitch(box, registration, state, subscription) {
  let mine = subscription;
  const draw = () => {
    const denied = Notification.permission === "denied";
    for (const part of box.querySelectorAll("[data-when]")) {
      part.hidden = part.dataset.when !== (denied ? "denied" : mine ? "on" : "off");
    }
  };
  box.querySelector("[data-turn-on]").addEventListener("click", async () => {
    mine = await subscribe(registration, state.key);
    draw();
  });
  box.querySelector("[data-turn-off]").addEventListener("click", async () => {
    await send(holder.dataset.unsubscribe, { endpoint: mine.endpoint });
    await mine.unsubscribe();
    mine = null;
    draw();
  });
  draw();
}

async function subscribe(registration, key) {
  if ((await Notification.requestPermission()) !== "granted") return null;
  const padded = (key + "===".slice((key.length + 3) % 4)).replaceAll("-", "+").replaceAll("_", "/");
  const applicationServerKey = Uint8Array.from(atob(padded), (sign) => sign.charCodeAt(0));
  const one = await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey });
  const kept = await send(holder.dataset.subscribe, one.toJSON());
  if (kept) return one;
  await one.unsubscribe();
  show("push-failed");
  return null;
}

async function send(address, body) {
  const answer = await fetch(address, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRFToken": token() },
    body: JSON.stringify(body),
  });
  return answer.ok;
}

// Chromium offers installing by an event; other browsers get the words on the page.
addEventListener("beforeinstallprompt", (event) => {
  event.preventDefault();
  const button = document.querySelector("[data-install]");
  if (!button) return;
  button.hidden = false;
  button.addEventListener("click", () => event.prompt(), { once: true });
});
