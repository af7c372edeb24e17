// Keeps the draft: applies changes at once, sends them one batch at a time, never loses one.
// What has not been sent stands in localStorage too, so that a closed tab or a dead battery costs nothing.
import { applyLocally } from "./patches.js";

const RETRY = [1000, 2000, 5000, 10000];

export class Draft extends EventTarget {
  constructor(data, csrf) {
    super();
    Object.assign(this, { data, csrf, queue: [], state: "saved", sending: false, failures: 0 });
    this.adopt(data);
    this.key = `draft:${data.slug}:${data.person}`;
    addEventListener("online", () => this.send());
    addEventListener("beforeunload", (event) => this.queue.length && event.preventDefault());
    this.restore();
  }

  restore() {
    try {
      const kept = JSON.parse(localStorage.getItem(this.key) ?? "[]");
      if (!kept.length) return;
      this.queue = kept;
      kept[0].restored = true;
      for (const item of kept) if (item.patches) this.document = applyLocally(this.document, item.patches);
      this.say("backup");
      this.send();
    } catch {
      localStorage.removeItem(this.key);
    }
  }

  keep() {
    try {
      const kept = this.queue.filter((item) => item.form !== "");
      if (kept.length) localStorage.setItem(this.key, JSON.stringify(kept));
      else localStorage.removeItem(this.key);
    } catch {
      // A full or forbidden store: the queue in memory still goes on.
    }
  }

  adopt(told) {
    this.document = told.document;
    this.revision = told.revision;
    this.problems = told.problems;
    this.blocked = told.blocked;
    this.canUndo = told.can_undo;
    this.canRedo = told.can_redo;
    this.classes = told.classes;
    this.shown = told.shown;
  }

  tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  say(label, params) {
    this.tell("say", { label, params });
  }

  set(state) {
    this.state = state;
    this.tell("state");
  }

  change(patches) {
    if (!patches.length) return;
    const last = this.queue.at(-1);
    // Several drags of the same thing while one is under way are one change.
    if (last?.patches && !last.sent && last.patches.every((one) => one.op === "move") && patches.every((one) => one.op === "move")) last.patches.push(...patches);
    else this.queue.push({ batch: crypto.randomUUID(), patches, revision: this.revision });
    this.document = applyLocally(this.document, patches);
    this.canUndo = true;
    this.canRedo = false;
    this.tell("change");
    this.keep();
    this.send();
  }

  // A form of the inspector: the server works out the patches. Resolves with its answer, null when it is not accepted.
  submit(url, form) {
    return new Promise((resolve) => {
      // Only what is typed into the same form is one change; a button that was pressed is one of its own.
      const sent = new URLSearchParams(form).toString();
      const step = (text) => /(^|&)_/.test(text) ? null : new URLSearchParams(text).get("step");
      const waiting = step(sent) && this.queue.find((item) => item.url === url && !item.sent && step(item.form) === step(sent));
      if (waiting) {
        waiting.form = sent;
        const before = waiting.resolve;
        waiting.resolve = (answer) => (before?.(null), resolve(answer));
      } else this.queue.push({ url, form: sent, resolve, revision: this.revision });
      this.keep();
      this.send();
    });
  }

  post(url) {
    return new Promise((resolve) => {
      this.queue.push({ url, form: "", resolve });
      this.send();
    });
  }

  async send() {
    if (this.sending || this.held || !this.queue.length) return;
    this.sending = true;
    clearTimeout(this.timer);
    this.set("saving");
    const item = this.queue[0];
    item.sent = true;
    let answer, told;
    try {
      answer = await fetch(item.url ?? this.data.urls.draft, this.request(item));
      if (answer.redirected) throw new TypeError("signed out");
      told = await answer.json();
    } catch {
      this.later(item);
      return;
    }
    this.sending = false;
    this.failures = 0;
    if (answer.ok) this.accepted(item, told);
    else if (answer.status === 409 && told.code === "draft_changed") this.conflict(item, told);
    else if (answer.status >= 500 || answer.status === 429) this.later(item);
    else this.refused(item, told);
  }

  request(item) {
    const headers = { Accept: "application/json", "X-CSRFToken": this.csrf };
    // Only what was kept from an earlier visit was made for an older revision; everything else is made on top of ours.
    const revision = item.restored ? item.revision : this.revision;
    if (item.patches) {
      headers["Content-Type"] = "application/json";
      return { method: "POST", headers, body: JSON.stringify({ batch: item.batch, revision, patches: item.patches, on_top: Boolean(item.onTop) }) };
    }
    const body = new URLSearchParams(item.form);
    body.set("revision", revision);
    if (item.onTop) body.set("on_top", "1");
    return { method: "POST", headers, body };
  }

  later(item) {
    item.sent = false;
    this.sending = false;
    this.set("offline");
    // Nobody can tell whether an undo arrived: look instead of doing it twice.
    if (item.form === "") {
      this.queue.shift();
      item.resolve(null);
      this.refresh();
    }
    this.timer = setTimeout(() => this.send(), RETRY[Math.min(this.failures++, RETRY.length - 1)]);
  }

  accepted(item, told) {
    this.queue.shift();
    this.keep();
    this.adopt(told);
    // What is still waiting shows on top of what the server has.
    for (const one of this.queue) if (one.patches) this.document = applyLocally(this.document, one.patches);
    item.resolve?.(told);
    this.set(this.queue.length ? "saving" : "saved");
    this.tell("change");
    this.tell("saved");
    this.send();
  }

  refused(item, told) {
    this.queue.shift();
    this.keep();
    if (told.document) this.adopt(told);
    for (const one of this.queue) if (one.patches) this.document = applyLocally(this.document, one.patches);
    item.resolve?.(told.html ? told : null);
    this.set(this.queue.length ? "saving" : "saved");
    this.tell("change");
    this.tell("saved");
    if (!told.html) this.tell("refused", told);
    this.send();
  }

  conflict(item, told) {
    this.held = told;
    item.sent = false;
    this.set("conflict");
    this.tell("conflict", told);
  }

  // The answer to a conflict: "mine" goes on top of theirs, "theirs" drops what was waiting (their history keeps both).
  settle(choice) {
    const told = this.held;
    this.held = null;
    if (choice === "theirs") {
      for (const item of this.queue) item.resolve?.(null);
      this.queue = [];
    } else for (const item of this.queue) item.onTop = true;
    this.keep();
    this.adopt(told);
    for (const one of this.queue) if (one.patches) this.document = applyLocally(this.document, one.patches);
    this.set(this.queue.length ? "saving" : "saved");
    this.tell("change");
    this.tell("saved");
    this.send();
  }

  // Somebody else changed the draft: take it over when nothing of ours is under way (else the conflict answer will tell).
  async refresh() {
    if (this.queue.length || this.sending) return;
    const answer = await fetch(this.data.urls.draft, { headers: { Accept: "application/json" } }).catch(() => null);
    if (!answer?.ok) return;
    const told = await answer.json();
    if (this.queue.length || told.revision === this.revision) return;
    this.adopt(told);
    this.tell("change");
    this.tell("saved");
  }
}
