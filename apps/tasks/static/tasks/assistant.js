// <assistant-chat> sends the question without leaving the page and shows the answer while it is written.
// Without this file the form is sent as usual and the answered conversation comes back as a page.
import { answeredLines } from "../portal/lines.js";

class AssistantChat extends HTMLElement {
  connectedCallback() {
    this.turns = this.querySelector(".turns");
    this.field = this.querySelector("textarea");
    this.addEventListener("submit", (event) => this.send(event), true);
    this.field.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        this.field.form.requestSubmit();
      }
    });
    this.turns.lastElementChild?.scrollIntoView({ block: "nearest" });
  }

  async send(event) {
    event.preventDefault();
    event.stopPropagation();
    if (this.busy) return;
    const form = event.target;
    const data = new FormData(form, event.submitter);
    const ask = this.field.form;
    const known = ask.elements.conversation?.value;
    if (known) data.set("conversation", known);
    const question = String(data.get("question") ?? "").trim();
    if (!question) return this.field.focus();
    this.busy = true;
    this.setAttribute("aria-busy", "true");
    this.complain("");
    this.querySelector(".empty")?.remove();
    const mine = this.turn("person");
    mine.textContent = question;
    const told = this.turn("assistant");
    this.field.value = "";
    try {
      for await (const part of answeredLines(form.action, data)) this.take(part, told);
    } catch (problem) {
      told.closest("li").remove();
      mine.closest("li").remove();
      this.field.value = question;
      this.complain(problem.text ?? this.dataset.failed);
    }
    this.busy = false;
    this.removeAttribute("aria-busy");
    this.field.focus();
  }

  take(part, told) {
    if (part.conversation) this.remember(part);
    if (part.text) told.append(part.text);
    if (part.done) this.finish(part, told);
    told.closest("li").scrollIntoView({ block: "nearest" });
  }

  remember({ conversation, url }) {
    const form = this.field.form;
    if (!form.elements.conversation) {
      const input = Object.assign(document.createElement("input"), { type: "hidden", name: "conversation" });
      form.append(input);
    }
    form.elements.conversation.value = conversation;
    history.replaceState(null, "", url);
  }

  finish(part, told) {
    const box = told.parentElement;
    if (part.sources.length) {
      const list = Object.assign(document.createElement("ul"), { className: "sources-of" });
      list.setAttribute("aria-label", this.dataset.sources);
      for (const source of part.sources) {
        const link = Object.assign(document.createElement("a"), { className: "btn", href: source.url });
        link.append(Object.assign(document.createElement("bdi"), { textContent: source.title }));
        list.append(document.createElement("li"));
        list.lastChild.append(link);
      }
      box.append(list);
    }
    if (part.note) box.append(Object.assign(document.createElement("p"), { className: "quiet", textContent: part.note }));
  }

  turn(role) {
    const item = Object.assign(document.createElement("li"), { className: `turn ${role}` });
    const said = Object.assign(document.createElement("div"), { className: "said", dir: "auto" });
    if (role === "assistant") {
      item.append(Object.assign(document.createElement("div"), { className: "told" }));
      item.firstChild.append(said);
    } else item.append(said);
    this.turns.append(item);
    return said;
  }

  complain(text) {
    const error = this.querySelector("#question-error");
    error.hidden = !text;
    error.querySelector("span").textContent = text;
    this.field.toggleAttribute("aria-invalid", Boolean(text));
  }
}

customElements.define("assistant-chat", AssistantChat);
