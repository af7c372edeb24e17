// <living-canvas> lets pulses move along the strands: one for every change the stream tells of, and quiet ones where runs are
// under way. The picture itself comes from the server; with reduced motion it stays as it is.
const asked = matchMedia("(prefers-reduced-motion: reduce)");
const isStill = () => asked.matches || document.documentElement.dataset.motion === "reduced";
const OUTCOME = { succeeded: "succeeded", failed: "failed", cancelled: "failed", review: "person", waiting: "under_way", running: "under_way" };
const TONE = { succeeded: "ok", failed: "bad", person: "wait", under_way: "" };
const MAX_PULSES = 80;
const TRAVEL_MS = 1600;
const QUIET_EVERY_MS = 2400;

class LivingCanvas extends HTMLElement {
  connectedCallback() {
    this.pulses = [];
    this.quietAt = 0;
    this.addEventListener("live:change", (event) => this.tell(event.detail.flows || {}));
    this.wake = () => this.start();
    document.addEventListener("visibilitychange", this.wake);
    asked.addEventListener("change", this.wake);
    this.start();
  }

  disconnectedCallback() {
    cancelAnimationFrame(this.frame);
    document.removeEventListener("visibilitychange", this.wake);
    asked.removeEventListener("change", this.wake);
  }

  get picture() {
    return [...this.querySelectorAll(".picture svg")].find((svg) => svg.getBoundingClientRect().width > 0);
  }

  tell(flows) {
    for (const [workflow, states] of Object.entries(flows)) {
      for (const [state, count] of Object.entries(states)) {
        for (let n = 0; n < Math.min(count, 8); n += 1) this.send(workflow, OUTCOME[state], n * 120);
      }
    }
  }

  send(workflow, outcome, delay) {
    const svg = this.picture;
    if (!svg || isStill() || document.hidden || this.pulses.length >= MAX_PULSES) return;
    const paths = [...svg.querySelectorAll(".strands path")];
    const key = paths.some((path) => path.dataset.workflow === workflow) ? workflow : "+";
    const into = paths.find((path) => path.dataset.workflow === key && path.dataset.from === "queue");
    const out = paths.find((path) => path.dataset.workflow === key && path.dataset.to === outcome);
    const route = [into, out].filter(Boolean);
    if (route.length) this.pulses.push({ route, begin: performance.now() + delay, tone: TONE[outcome] || "" });
    this.start();
  }

  quiet(now) {
    if (now - this.quietAt < QUIET_EVERY_MS) return;
    this.quietAt = now;
    for (const path of this.picture?.querySelectorAll('.strands path[data-to="under_way"]') ?? []) {
      this.send(path.dataset.workflow, "under_way", 0);
    }
  }

  start() {
    cancelAnimationFrame(this.frame);
    if (isStill() || document.hidden) return this.clear();
    this.frame = requestAnimationFrame((now) => this.draw(now));
  }

  clear() {
    this.pulses = [];
    for (const layer of this.querySelectorAll(".pulses")) layer.replaceChildren();
  }

  draw(now) {
    this.quiet(now);
    const layer = this.picture?.querySelector(".pulses");
    if (layer) {
      const dots = [];
      this.pulses = this.pulses.filter((pulse) => {
        const passed = (now - pulse.begin) / TRAVEL_MS;
        if (passed >= pulse.route.length || !pulse.route[0].isConnected) return false;
        if (passed >= 0) dots.push(this.dot(pulse, passed));
        return true;
      });
      layer.replaceChildren(...dots);
    }
    this.frame = requestAnimationFrame((next) => this.draw(next));
  }

  dot(pulse, passed) {
    const path = pulse.route[Math.floor(passed)];
    const point = path.getPointAtLength(path.getTotalLength() * (passed % 1));
    const circle = document.createElementNS("http://www.w3.org/2000/svg", "circle");
    circle.setAttribute("cx", point.x);
    circle.setAttribute("cy", point.y);
    circle.setAttribute("r", 4);
    if (pulse.tone) circle.setAttribute("class", pulse.tone);
    return circle;
  }
}

customElements.define("living-canvas", LivingCanvas);
