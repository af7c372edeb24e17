// The settings of the chosen step: the server's form, saved while one types, with errors put beside the fields.
export class Inspector {
  constructor(app, draft, pane) {
    Object.assign(this, { app, draft, pane });
    pane.addEventListener("input", (event) => this.typed(event));
    pane.addEventListener("change", (event) => this.changed(event));
    pane.addEventListener("submit", (event) => this.submitted(event));
    pane.addEventListener("click", (event) => this.clicked(event));
    pane.addEventListener("focusin", (event) => { if (event.target.matches("[data-takes]")) this.field = event.target; });
    pane.addEventListener("keydown", (event) => { if (event.key === "Escape") this.app.select(null); });
    draft.addEventListener("saved", () => this.refreshed());
  }

  get step() {
    return this.pane.querySelector(".b-insp")?.dataset.step ?? null;
  }

  async open(step, focus = false) {
    await this.flush();
    if (!step) {
      this.pane.hidden = true;
      this.pane.replaceChildren();
      return;
    }
    const wanted = (this.wanted = step);
    // A step that was just added must have reached the server first.
    await this.app.idle();
    const answer = await fetch(`${this.draft.data.urls.step}?step=${encodeURIComponent(step)}`, { headers: { "X-Fragment": "1" } }).catch(() => null);
    if (this.wanted !== wanted || !answer) return;
    this.pane.innerHTML = await answer.text();
    this.pane.hidden = false;
    this.pane.scrollTop = 0;
    if (focus) this.pane.querySelector("#inspector-h")?.focus();
  }

  typed(event) {
    const form = event.target.closest("[data-step-form]");
    if (!form) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(form), 600);
  }

  changed(event) {
    const form = event.target.closest("[data-step-form]");
    if (!form) return;
    clearTimeout(this.timer);
    this.save(form, { redraw: event.target.matches("[data-structure]") });
  }

  submitted(event) {
    const form = event.target;
    if (!form.matches("[data-step-form], [data-send]")) return;
    event.preventDefault();
    clearTimeout(this.timer);
    const { name, value } = event.submitter ?? {};
    const redraw = Boolean(name?.startsWith("_"));
    this.save(form, { redraw, extra: redraw ? [name, value] : null });
  }

  clicked(event) {
    if (event.target.closest("[data-close-inspector]")) {
      event.preventDefault();
      this.app.select(null);
    }
    const path = event.target.closest("[data-path]")?.dataset.path;
    if (path) this.take(path);
  }

  // Data from an earlier step into the field last used: as the whole value, or as a placeholder in its text.
  take(path) {
    const field = this.field?.isConnected ? this.field : this.pane.querySelector("[data-takes]");
    if (!field) return;
    const text = field.dataset.takes === "path" ? path : `{{${path}}}`;
    if (field.dataset.takes === "path" && field.classList.contains("b-ref")) field.value = text;
    else field.setRangeText(text, field.selectionStart ?? field.value.length, field.selectionEnd ?? field.value.length, "end");
    field.focus();
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }

  async flush() {
    clearTimeout(this.timer);
    const form = this.pane.querySelector("[data-step-form][data-dirty]");
    if (form) await this.save(form);
  }

  async save(form, { redraw = false, extra = null } = {}) {
    delete form.dataset.dirty;
    const data = new FormData(form);
    if (extra) data.set(...extra);
    const told = await this.draft.submit(form.action, data);
    if (!told?.html || !form.isConnected) return;
    if (told.open !== this.step) return this.app.select(told.open, true);
    if (redraw) this.redraw(told.html);
    else this.errors(told.html);
  }

  redraw(html) {
    const open = [...this.pane.querySelectorAll("details[open] > summary")].map((one) => one.textContent.trim());
    const id = document.activeElement?.id;
    const top = this.pane.scrollTop;
    this.pane.innerHTML = html;
    for (const summary of this.pane.querySelectorAll("details > summary")) if (open.includes(summary.textContent.trim())) summary.parentElement.open = true;
    this.pane.scrollTop = top;
    if (id) document.getElementById(id)?.focus();
  }

  errors(html) {
    const fresh = new DOMParser().parseFromString(html, "text/html");
    for (const slot of this.pane.querySelectorAll("[data-errors]")) {
      const other = fresh.querySelector(`[data-errors="${CSS.escape(slot.dataset.errors)}"]`);
      const wrong = Boolean(other?.children.length);
      slot.innerHTML = other?.innerHTML ?? "";
      const field = slot.closest(".b-field");
      field?.classList.toggle("wrong", wrong);
      field?.querySelector("input, textarea, select:not(.b-mode)")?.setAttribute("aria-invalid", String(wrong));
    }
    const heading = fresh.querySelector("#inspector-h");
    if (heading) this.pane.querySelector("#inspector-h")?.replaceChildren(...heading.childNodes);
  }

  // After an undo, or when somebody else changed the draft: show what stands now, unless a person is typing here.
  refreshed() {
    if (this.step && this.step[0] !== ":" && !(this.step in this.draft.document.steps)) this.app.select(null);
  }
}
