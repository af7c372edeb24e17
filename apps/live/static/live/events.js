// <live-events topics="run:…,runs" after="123"> hears from the server that something inside has changed and looks again.
// One stream per tab for all of them, closed while the tab is hidden. Each change is a hint: the regions inside fetch their own
// content, so every look is checked like any page; one whose content says data-still is left alone. After two failures in a row the regions poll until a stream works again.
const TICKET = "/live/ticket/";
const LOOK_GAP = 300;
const RETRY = [1000, 2000, 15000, 30000, 60000];

class Stream {
  constructor() {
    this.elements = new Set();
    this.last = 0;
    this.failures = 0;
    document.addEventListener("visibilitychange", () => (document.hidden ? this.close() : this.open(0)));
    addEventListener("pagehide", () => this.close());
    addEventListener("pageshow", (event) => event.persisted && this.open(0));
  }

  add(element) {
    this.elements.add(element);
    this.last = this.last ? Math.min(this.last, element.after) : element.after;
    this.open(50);
  }

  remove(element) {
    this.elements.delete(element);
    if (!this.elements.size) this.close();
  }

  topics() {
    return [...new Set([...this.elements].flatMap((element) => element.topics))].sort();
  }

  open(wait) {
    clearTimeout(this.timer);
    if (document.hidden || !this.elements.size) return;
    this.timer = setTimeout(() => this.connect(), wait);
  }

  close() {
    clearTimeout(this.timer);
    this.source?.close();
    this.source = null;
  }

  async connect() {
    const topics = this.topics();
    if (this.source && this.heard === topics.join()) return;
    this.close();
    this.heard = topics.join();
    try {
      const query = new URLSearchParams(topics.map((topic) => ["topic", topic]));
      const answer = await fetch(`${TICKET}?${query}`, { headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(answer.status);
      const { url } = await answer.json();
      if (document.hidden || this.source) return;
      this.listen(new EventSource(`${url}&after=${this.last}`));
    } catch {
      this.failed();
    }
  }

  listen(source) {
    this.source = source;
    source.addEventListener("open", () => {
      this.failures = 0;
      this.mark(true);
    });
    source.addEventListener("change", (event) => {
      this.last = Number(event.lastEventId) || this.last;
      const { topics, flows } = JSON.parse(event.data);
      for (const element of this.elements) element.changed(topics, flows);
    });
    source.addEventListener("reset", (event) => {
      this.last = Number(event.lastEventId) || this.last;
      for (const element of this.elements) element.changed(element.topics, {});
    });
    source.addEventListener("renew", () => {
      this.close();
      this.open(0);
    });
    source.addEventListener("error", () => {
      if (this.source !== source) return;
      this.close();
      this.failed();
    });
  }

  failed() {
    this.failures += 1;
    if (this.failures >= 2) this.mark(false);
    this.open(RETRY[Math.min(this.failures, RETRY.length) - 1]);
  }

  mark(streaming) {
    for (const element of this.elements) element.streaming = streaming;
  }
}

const stream = new Stream();

class LiveEvents extends HTMLElement {
  connectedCallback() {
    this.topics = this.getAttribute("topics").split(",").filter(Boolean);
    this.after = Number(this.getAttribute("after")) || 0;
    stream.add(this);
  }

  disconnectedCallback() {
    clearTimeout(this.timer);
    stream.remove(this);
  }

  set streaming(on) {
    if (this.hasAttribute("streaming") === on) return;
    this.toggleAttribute("streaming", on);
    for (const region of this.querySelectorAll("live-region")) region.plan?.();
  }

  changed(topics, flows) {
    if (!topics.some((topic) => this.topics.includes(topic))) return;
    this.dispatchEvent(new CustomEvent("live:change", { bubbles: true, detail: { topics, flows } }));
    const gap = Number(this.dataset.gap) || LOOK_GAP;
    const wait = Math.max(0, (this.looked || 0) + gap - performance.now());
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.look(), wait);
  }

  look() {
    this.looked = performance.now();
    for (const region of this.querySelectorAll("live-region")) {
      if (region.firstElementChild?.dataset.still === undefined) region.load?.();
    }
  }
}

customElements.define("live-events", LiveEvents);
