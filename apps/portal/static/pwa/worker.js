// Service worker of the portal. FACTS (version, addresses of files) is written above by the server.
// Pages always come from the network; without one the offline page stands in. Nothing of a workspace is ever kept: only the
// product's own hashed files, the offline page, and the time at which a page was last received.
const KEPT = `kept-${FACTS.version}`;
const SEEN = "seen";
const LAST = "/offline/last";

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(KEPT).then((cache) => cache.addAll([FACTS.offline, ...FACTS.files])));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    (async () => {
      for (const name of await caches.keys()) if (![KEPT, SEEN].includes(name)) await caches.delete(name);
      await self.registration.navigationPreload?.enable();
      await self.clients.claim();
    })(),
  );
});

self.addEventListener("message", (event) => {
  if (event.data === "activate") self.skipWaiting();
  if (event.data === "language") event.waitUntil(caches.open(KEPT).then((cache) => cache.add(FACTS.offline)));
  if (event.data === "signed-out") event.waitUntil(caches.delete(SEEN));
});

self.addEventListener("fetch", (event) => {
  const request = event.request;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) return;
  if (request.headers.get("accept")?.includes("text/event-stream")) return;
  if (request.mode === "navigate") event.respondWith(page(event));
  else if (url.pathname.startsWith(FACTS.static)) event.respondWith(file(request));
});

async function page(event) {
  try {
    const answer = (await event.preloadResponse) || (await fetch(event.request));
    if (answer.ok && !answer.redirected && !new URL(answer.url).pathname.startsWith("/accounts/")) event.waitUntil(note());
    return answer;
  } catch {
    return (await caches.match(FACTS.offline)) || Response.error();
  }
}

async function note() {
  const cache = await caches.open(SEEN);
  await cache.put(LAST, new Response(JSON.stringify({ at: Date.now() }), { headers: { "Content-Type": "application/json" } }));
}

// Hashed names never change their content; names without a hash are fetched first, so that a new version shows at once.
async function file(request) {
  const hashed = /\.[0-9a-f]{12}\./.test(request.url);
  const hit = await caches.match(request);
  if (hit && hashed) return hit;
  try {
    const answer = await fetch(request);
    if (answer.ok && hashed) (await caches.open(KEPT)).put(request, answer.clone());
    return answer;
  } catch (error) {
    if (hit) return hit;
    throw error;
  }
}

self.addEventListener("push", (event) => {
  let said = {};
  try {
    said = event.data.json();
  } catch {
    // A message that cannot be read still has to show something; the browser demands it.
  }
  event.waitUntil(
    self.registration.showNotification(said.title || "EchoPilot", {
      body: said.body || "",
      tag: said.tag,
      lang: said.lang,
      dir: said.dir || "auto",
      icon: FACTS.icon,
      badge: FACTS.badge,
      data: { url: said.url || FACTS.home },
    }),
  );
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const target = new URL(event.notification.data?.url || FACTS.home, location.origin);
  if (target.origin !== location.origin) return;
  event.waitUntil(
    (async () => {
      for (const client of await self.clients.matchAll({ type: "window", includeUncontrolled: true })) {
        if ("navigate" in client) {
          await client.focus();
          return client.navigate(target.href);
        }
      }
      return self.clients.openWindow(target.href);
    })(),
  );
});
