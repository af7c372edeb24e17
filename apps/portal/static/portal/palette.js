// <cmd-palette src="…">: finds, does and, after "?", asks. A dialog around a combobox (WAI-ARIA APG: combobox with a list); the server searches.
import { answeredLines } from "./lines.js";

class CommandPalette extends HTMLElement {
  connectedCallback() {
    this.dialog = this.querySelector("dialog");
    this.input = this.querySelector("input");
    this.list = this.querySelector("[role=listbox]");
    this.answered = this.querySelector(".answered");
    this.status = this.querySelector("[role=status]");
    this.input.addEventListener("input", () => {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.ask(), 120);
    });
    this.input.addEventListener("keydown", (event) => this.key(event));
    this.list.addEventListener("click", (event) => this.take(event.target.closest("[role=option]"), event));
    this.list.addEventListener("pointermove", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) this.mark(option, false);
    });
    document.addEventListener("click", (event) => {
      const opener = event.target.closest("[data-palette]");
      if (!opener || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      this.open();
    });
    document.addEventListener("keydown", (event) => {
      if ((event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.key.toLowerCase() === "k") {
        event.preventDefault();
        if (this.dialog.open) this.dialog.close();
        else this.open();
      }
    });
  }

  open(text = "") {
    if (!this.dialog.open) this.dialog.showModal();
    this.input.value = text;
    this.input.focus();
    this.ask();
  }

  async ask() {
    clearTimeout(this.timer);
    this.running?.abort();
    this.answered.hidden = true;
    this.running = new AbortController();
    const words = this.input.value;
    const url = new URL(this.getAttribute("src"), location.href);
    url.searchParams.set("q", words);
    url.searchParams.set("next", location.pathname + location.search);
    try {
      const answer = await fetch(url, { headers: { "HX-Request": "true" }, signal: this.running.signal });
      if (answer.status === 401) return location.reload();
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      this.list.replaceChildren(...page.body.childNodes);
      this.found = words;
      this.mark(this.options[0]);
      this.status.textContent = `${this.options.length} ${this.status.dataset.count}`;
    } catch (error) {
      if (error.name !== "AbortError") this.list.replaceChildren();
    }
  }

  // The answer is read here while it is written; afterwards the options lead to its sources and to the whole conversation.
  async answer(form) {
    this.running?.abort();
    this.running = new AbortController();
    const { signal } = this.running;
    const data = new FormData(form);
    this.list.replaceChildren();
    this.answered.textContent = "";
    this.answered.hidden = false;
    this.answered.setAttribute("aria-busy", "true");
    try {
      for await (const part of answeredLines(form.action, data, signal)) {
        if (part.text) this.answered.append(part.text);
        if (part.url) this.offer(part.url);
        for (const source of part.sources ?? []) this.offer(source.url, source.title);
      }
    } catch (problem) {
      if (signal.aborted) return;
      this.answered.textContent = problem.text ?? this.dataset.failed;
    }
    this.answered.removeAttribute("aria-busy");
  }

  offer(url, title) {
    const option = this.querySelector("template").content.firstElementChild.cloneNode(true);
    option.id = `pa-${this.options.length}`;
    option.dataset.url = url;
    if (title) option.querySelector("bdi").textContent = title;
    this.list.append(option);
    if (this.options.length === 1) this.mark(option);
  }

  get options() {
    return [...this.list.querySelectorAll("[role=option]")];
  }

  get marked() {
    return this.list.querySelector("[aria-selected=true]");
  }

  mark(option, scroll = true) {
    this.marked?.setAttribute("aria-selected", "false");
    if (!option) return this.input.removeAttribute("aria-activedescendant");
    option.setAttribute("aria-selected", "true");
    this.input.setAttribute("aria-activedescendant", option.id);
    if (scroll) option.scrollIntoView({ block: "nearest" });
  }

  key(event) {
    const options = this.options;
    const place = options.indexOf(this.marked);
    const moves = { ArrowDown: place + 1, ArrowUp: place - 1 + options.length, Home: 0, End: options.length - 1 };
    if (event.key in moves && options.length && !((event.key === "Home" || event.key === "End") && this.input.value)) {
      event.preventDefault();
      this.mark(options[moves[event.key] % options.length]);
    } else if (event.key === "Enter" && !event.isComposing) {
      event.preventDefault();
      this.enter(event);
    }
  }

  // Fast fingers press Enter before the list belongs to their words: then what these words find is taken, not what stands there.
  async enter(event) {
    if (this.found !== this.input.value) await this.ask();
    if (this.dialog.open && this.found === this.input.value) this.take(this.marked, event);
  }

  take(option, event) {
    if (!option) return;
    const form = option.dataset.form && document.getElementById(option.dataset.form);
    if (form && "asks" in option.dataset) return this.answer(form);
    this.dialog.close();
    if (form) form.requestSubmit();
    else if (option.dataset.opens) document.getElementById(option.dataset.opens)?.showModal();
    else if (event.ctrlKey || event.metaKey) open(option.dataset.url, "_blank", "noopener");
    else location.assign(option.dataset.url);
  }
}

customElements.define("cmd-palette", CommandPalette);
