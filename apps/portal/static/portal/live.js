// <live-region src="..."> fetches its own content again while the work it shows is going on.
// The server says how long to wait in the answer's data-refresh attribute (milliseconds) and leaves it out when all is done.
const REACHED = "a[href], button, summary, [tabindex]";
const alike = (one) => [one.tagName, one.id, one.getAttribute("href"), one.form?.getAttribute("action"), one.name, one.value].join(" ");

class LiveRegion extends HTMLElement {
  connectedCallback() {
    this.visibility = () => !document.hidden && this.plan(0);
    document.addEventListener("visibilitychange", this.visibility);
    this.plan();
  }

  disconnectedCallback() {
    clearTimeout(this.timer);
    document.removeEventListener("visibilitychange", this.visibility);
  }

  plan(wait) {
    clearTimeout(this.timer);
    let refresh = Number(this.firstElementChild?.dataset.refresh);
    if (!refresh || document.hidden) return;
    // A stream says when to look (see live/events.js); looking anyway from time to time makes up for a lost hint.
    if (this.closest("live-events[streaming]")) refresh = Math.max(refresh, 30000);
    this.timer = setTimeout(() => this.load(), wait ?? refresh);
  }

  async load() {
    if (this.loading) return void (this.again = true);
    this.loading = true;
    this.again = false;
    try {
      const answer = await fetch(this.getAttribute("src"), { headers: { "X-Fragment": "1" } });
      if (answer.redirected) return location.reload();
      if (answer.ok) this.replace(await answer.text());
      this.plan(answer.ok ? undefined : 5000);
    } catch {
      this.plan(5000);
    } finally {
      this.loading = false;
      if (this.again && this.isConnected) this.load();
    }
  }

  // Nothing is replaced while a person types or has opened something inside.
  replace(text) {
    if (this.querySelector("details.menu[open], details[data-keep][open], input:focus, textarea:focus, select:focus")) return;
    const page = new DOMParser().parseFromString(text, "text/html");
    if (page.body.innerHTML.trim() === this.innerHTML.trim()) return;
    const held = this.contains(document.activeElement) ? alike(document.activeElement) : "";
    this.replaceChildren(...page.body.childNodes);
    // Whoever walks with the keyboard stays where they are.
    if (held) [...this.querySelectorAll(REACHED)].find((one) => alike(one) === held)?.focus({ preventScroll: true });
  }
}

customElements.define("live-region", LiveRegion);
