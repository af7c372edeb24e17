import "./builder.css";
import { render } from "preact";
import { Canvas } from "./canvas.jsx";
import { Inspector } from "./inspector.js";
import { freeId } from "./patches.js";
import { setIcons } from "./palette.jsx";
import { Draft } from "./store.js";
import { fill, toneOf } from "./words.js";

const VIEW = "builder-view";

function appOf(data) {
  const kinds = Object.fromEntries(Object.entries(data.kinds).map(([type, kind]) => [type, { ...kind, tone: toneOf(type) }]));
  return {
    kinds, offered: (data.offered ?? []).map((type) => kinds[type]), states: data.states ?? {}, marks: data.marks, classes: data.classes, breakpoints: data.breakpoints,
    t: (label, params) => fill(data.labels[label] ?? label, params), say() {}, toast() {}, select() {}, undo() {}, redo() {},
  };
}

class WorkflowBuilder extends HTMLElement {
  connectedCallback() {
    setIcons(this.dataset.icons);
    const data = JSON.parse(this.querySelector("#builder-data").textContent);
    const csrf = this.querySelector("[name=csrfmiddlewaretoken]").value;
    this.draft = new Draft(data, csrf);
    this.outlined = data.revision;
    this.app = appOf(data);
    this.inspector = new Inspector(this.app, this.draft, this.querySelector("#inspector"));
    this.connectApp();
    this.connectPage();
    this.show(localStorage.getItem(VIEW) ?? (innerWidth < 600 ? "outline" : "canvas"), false);
    render(<Canvas app={this.app} draft={this.draft} />, this.querySelector("#canvas"));
    this.draft.tell("change");
  }

  connectApp() {
    const { app, draft } = this;
    app.selected = this.inspector.step;
    app.say = (label, params) => this.say(app.t(label, params));
    app.idle = () => new Promise((resolve) => {
      if (!draft.queue.length) return resolve();
      const done = () => { if (!draft.queue.length) { draft.removeEventListener("saved", done); resolve(); } };
      draft.addEventListener("saved", done);
    });
    app.toast = (label, params) => this.toast(app.t(label, params), true);
    app.select = (id, focus = false) => {
      const same = app.selected === id;
      app.selected = id;
      draft.tell("choose", id);
      this.mark(id);
      if (!same || focus) this.inspector.open(id, focus);
    };
    app.undo = () => this.step(draft.data.urls.undo, "undone");
    app.redo = () => this.step(draft.data.urls.redo, "redone");
    draft.addEventListener("say", ({ detail }) => this.toast(app.t(detail.label, detail.params)));
  }

  async step(url, label) {
    await this.inspector.flush();
    const told = await this.draft.post(url);
    if (!told) return;
    this.app.say(label);
    if (this.app.selected) this.inspector.open(this.app.selected);
  }

  connectPage() {
    const { app, draft } = this;
    draft.addEventListener("change", () => this.paint());
    draft.addEventListener("state", () => this.paint());
    draft.addEventListener("saved", () => this.outline());
    draft.addEventListener("refused", ({ detail }) => this.toast(`${app.t("refused")} ${detail.message ?? ""}`, false, true));
    draft.addEventListener("conflict", ({ detail }) => this.conflict(detail));
    this.addEventListener("click", (event) => this.clicked(event));
    this.addEventListener("submit", (event) => this.submitted(event));
    this.addEventListener("live:change", () => draft.refresh());
    document.addEventListener("copy", (event) => this.clipboard(event, "copy"));
    document.addEventListener("cut", (event) => this.clipboard(event, "cut"));
    document.addEventListener("paste", (event) => this.clipboard(event, "paste"));
  }

  clipboard(event, what) {
    if (this.view !== "canvas" || event.target.closest?.("input, textarea, select") || !getSelection().isCollapsed) return;
    if (what === "paste") {
      let clip = null;
      try { clip = JSON.parse(event.clipboardData.getData("text/plain")); } catch { return this.app.say("nothingToPaste"); }
      this.app.actions.paste(clip);
    } else {
      const clip = this.app.actions.copy();
      if (!clip) return;
      event.clipboardData.setData("text/plain", JSON.stringify(clip));
      if (what === "cut") this.app.actions.remove();
    }
    event.preventDefault();
  }

  clicked(event) {
    const view = event.target.closest("button[data-view]");
    if (view) this.show(view.dataset.view);
    const step = event.target.closest("a[data-step]");
    if (step && step.dataset.step) {
      event.preventDefault();
      this.querySelector(":popover-open")?.hidePopover();
      this.app.select(step.dataset.step, true);
    }
    if (event.target.closest("[data-theirs]")) this.settle("theirs");
    if (event.target.closest("[data-mine]")) this.settle("mine");
  }

  submitted(event) {
    const form = event.target;
    const button = form.querySelector("[data-undo], [data-redo]");
    if (button) {
      event.preventDefault();
      if (button.matches("[data-undo]")) this.app.undo();
      else this.app.redo();
    } else if (form.matches("[data-patch]")) {
      event.preventDefault();
      this.patch(form);
    }
  }

  // A form of the outline carries its patch; what a person chose in its fields goes into it.
  patch(form) {
    let patch = JSON.parse(form.elements.patch.value);
    for (const name of ["target", "type", "to"]) if (form.elements[name]) patch[name] = form.elements[name].value;
    if (patch.op === "connect" && !patch.target) patch = { op: "disconnect", step: patch.step, place: patch.place };
    let added = null;
    if (patch.op === "add_step") {
      added = freeId(this.draft.document.steps, patch.type.split(".").at(-1));
      patch = { ...patch, id: added, ...this.app.kinds[patch.type]?.body };
    }
    this.draft.change([patch]);
    if (patch.op === "rename_step" && patch.to) this.app.idle().then(() => this.app.select(patch.to in this.draft.document.steps ? patch.to : null));
    if (patch.op === "remove_step") {
      if (this.app.selected === patch.step) this.app.select(null);
      this.app.toast("removed", { step: patch.step });
    }
    if (added) {
      this.app.say("added", { step: this.app.kinds[patch.type]?.title });
      this.app.select(added, true);
    }
  }

  show(view, keep = true) {
    this.view = view;
    if (keep) localStorage.setItem(VIEW, view);
    this.dataset.view = view;
    this.querySelector(".b-views").hidden = false;
    this.querySelector("#canvas").hidden = view !== "canvas";
    this.querySelector("#outline").hidden = view !== "outline";
    for (const button of this.querySelectorAll("button[data-view]")) button.setAttribute("aria-pressed", String(button.dataset.view === view));
    if (view === "outline") this.outline();
    else dispatchEvent(new Event("resize"));
  }

  // The outline is the server's; it follows each saved change.
  async outline() {
    const { revision } = this.draft;
    // What stands there already is left alone, with everything a person opened in it.
    if (this.view !== "outline" || this.outlined === revision) return;
    const place = this.querySelector("#outline");
    const answer = await fetch(place.dataset.src, { headers: { "X-Fragment": "1" } }).catch(() => null);
    if (!answer?.ok || this.draft.queue.length) return;
    const id = document.activeElement?.closest?.("[data-line]")?.dataset.line;
    const within = place.contains(document.activeElement);
    place.innerHTML = await answer.text();
    this.outlined = revision;
    if (within && id) place.querySelector(`[data-line="${CSS.escape(id)}"] .b-open`)?.focus();
    this.mark(this.app.selected);
  }

  mark(id) {
    for (const one of this.querySelectorAll("#outline .b-line[aria-current]")) one.removeAttribute("aria-current");
    if (id) this.querySelector(`#outline [data-line="${CSS.escape(id)}"] > .b-line`)?.setAttribute("aria-current", "true");
    this.toggleAttribute("data-inspecting", Boolean(id));
  }

  paint() {
    const { app, draft } = this;
    const words = { saved: "saved", saving: "saving", offline: "offline", conflict: "conflict" };
    const saved = this.querySelector("[data-saved]");
    const text = draft.state === "saved" && draft.revision === 1 ? "" : app.t(words[draft.state]);
    if (saved.textContent !== text) saved.textContent = text;
    saved.dataset.state = draft.state;
    this.querySelector("[data-undo]").disabled = !draft.canUndo;
    this.querySelector("[data-redo]").disabled = !draft.canRedo;
    this.querySelector("[data-problem-count]").textContent = draft.problems.length;
    this.querySelector("[data-problems-button]").classList.toggle("wrong", draft.problems.some((one) => one.severity === "error"));
    app.classes = draft.classes;
    if (this.shown === draft.shown) return;
    this.shown = draft.shown;
    for (const [place, html] of Object.entries(draft.shown)) this.querySelector(place).innerHTML = html;
  }

  conflict(told) {
    const box = this.querySelector("[data-meanwhile]");
    box.replaceChildren(...(told.meanwhile ?? []).map((one) => {
      const block = document.createElement("section");
      const head = document.createElement("h3");
      head.textContent = `${one.who || "?"} · ${new Date(one.at).toLocaleTimeString(document.documentElement.lang)}`;
      const list = document.createElement("ul");
      list.append(...one.lines.map((line) => Object.assign(document.createElement("li"), { textContent: line })));
      block.append(head, list);
      return block;
    }));
    const waiting = document.createElement("p");
    waiting.textContent = this.app.t("yourChanges", { n: this.draft.queue.length });
    box.append(waiting);
    const dialog = this.querySelector("#conflict");
    if (!dialog.open) dialog.showModal();
  }

  settle(choice) {
    this.querySelector("#conflict").close();
    this.draft.settle(choice);
    if (this.app.selected) this.inspector.open(this.app.selected);
  }

  say(text) {
    let region = document.getElementById("builder-says");
    if (!region) {
      region = Object.assign(document.createElement("div"), { id: "builder-says", className: "vh" });
      region.setAttribute("aria-live", "polite");
      this.append(region);
    }
    region.textContent = text;
  }

  toast(text, undo = false, bad = false) {
    const toast = document.createElement("toast-note");
    toast.className = `toast ${bad ? "bad" : "ok"}`;
    toast.append(Object.assign(document.createElement("div"), { textContent: text }));
    if (undo) {
      const button = Object.assign(document.createElement("button"), { type: "button", className: "btn small", textContent: this.app.t("undo") });
      button.addEventListener("click", () => { toast.remove(); this.app.undo(); });
      toast.append(button);
    }
    document.querySelector(".toasts")?.append(toast);
  }
}

// A graph to look at: a version with what changed in it, or a run with where it stands.
class WorkflowGraph extends HTMLElement {
  connectedCallback() {
    setIcons(this.dataset.icons);
    const data = JSON.parse(this.querySelector("script").textContent);
    const draft = Object.assign(new EventTarget(), { document: data.document, problems: [] });
    const app = { ...appOf(data), readOnly: true };
    app.select = (id) => {
      const target = id && data.links?.[id];
      if (target) location.href = target;
    };
    render(<Canvas app={app} draft={draft} />, this.appendChild(Object.assign(document.createElement("div"), { className: "b-canvas" })));
    if (data.states_url) this.follow(app, draft, data.states_url);
  }

  follow(app, draft, url) {
    const look = async () => {
      const answer = await fetch(url, { headers: { Accept: "application/json" } }).catch(() => null);
      if (!answer?.ok) return;
      const told = await answer.json();
      app.states = told.states;
      draft.dispatchEvent(new Event("states"));
      this.dataset.run = told.state;
    };
    this.closest("live-events")?.addEventListener("live:change", look);
    look();
    this.timer = setInterval(() => !document.hidden && this.dataset.run && !["succeeded", "failed", "cancelled"].includes(this.dataset.run) && look(), 4000);
  }

  disconnectedCallback() {
    clearInterval(this.timer);
  }
}

customElements.define("workflow-builder", WorkflowBuilder);
customElements.define("workflow-graph", WorkflowGraph);
