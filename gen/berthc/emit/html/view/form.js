// The form of the next request: who asks, for what, and how the backend's calls end.
import {callChoice, failures} from "./calls.js";
import {el} from "./dom.js";
import {Inputs, radio} from "./inputs.js";
import {OWN} from "./session.js";

/** @type {Record<string, string>} what the requests do that every manager has */
const OWN_WORDS = {
    new: "makes a fresh manager",
    drain: "drops everything",
    discard: "forgets everything, calls nothing",
};

export class Form {
    /**
     * @param {any} page what the page knows of the manager
     * @param {import("./session.js").Session} session
     * @param {string[]} errors
     * @param {(who: string, request: Record<string, any>) => void} ask
     */
    constructor(page, session, errors, ask) {
        this.page = page;
        this.session = session;
        this.errors = errors;
        this.ask = ask;
        this.who = session.callers[0];
        this.op = page.operations[0]?.name || "drain";
        this.inputs = new Inputs(session);
        this.element = /** @type {HTMLFormElement} */ (
            el("form", {
                class: "box",
                "aria-label": "The next request",
                submit: event => {
                    event.preventDefault();
                    this.run();
                },
            })
        );
        this.render();
    }

    /** After a request: what would come next. */
    suggest() {
        const last = this.session.last;
        const operation = last && this.operation(last.request.op);
        if (!last || (last.who && last.who !== this.who) || !operation)
            return;
        if (!last.answer?.ok)
            return;
        const own = this.reservations(this.who);
        const uses = this.page.operations.filter((/** @type {any} */ o) => o.form === "with");
        if (operation.gives)
            this.op = uses[0]?.name || this.op;
        else if (operation.form === "with" && own.length)
            this.op = uses[Math.min(uses.indexOf(operation) + 1, uses.length - 1)].name;
        else if (operation.ends)
            this.op = this.page.operations.find((/** @type {any} */ o) => o.gives)?.name || this.op;
        else if (operation.takes)
            this.op =
                this.page.operations.find((/** @type {any} */ o) => o.drops === operation.takes)
                    ?.name || this.op;
    }

    /** @param {string} name */
    operation(name) {
        return this.page.operations.find((/** @type {any} */ one) => one.name === name);
    }

    /** @param {string} name */
    resource(name) {
        return this.page.resources.find((/** @type {any} */ one) => one.name === name);
    }

    /** The reservations of a caller that are good. @param {string} who */
    reservations(who) {
        const live = this.session.state?.reservations || [];
        const owners = this.session.owners();
        return live.filter((/** @type {string} */ one) => owners.get(one) === who);
    }

    /** @param {string} name */
    choose(name) {
        this.op = name;
        this.render();
    }

    run() {
        const request = this.request();
        if (request)
            this.ask(OWN.includes(this.op) && !this.operation(this.op) ? "" : this.who, request);
    }

    render() {
        const focused = document.activeElement?.getAttribute("data-keep");
        this.inputs.clear();
        this.element.replaceChildren(
            this.callers(),
            this.operations(),
            this.arguments(),
            this.hooks(),
            el(
                "div",
                {class: "run"},
                el("button", {class: "primary", "data-keep": "run"}, "Run"),
                el("span", {class: "quiet", id: "run-words"}, this.words()),
            ),
        );
        if (focused)
            /** @type {HTMLElement | null} */ (
                this.element.querySelector(`[data-keep="${CSS.escape(focused)}"]`)
            )?.focus();
    }

    words() {
        return this.operation(this.op) ? `${this.who} asks ${this.op}` : OWN_WORDS[this.op];
    }

    callers() {
        const choices = this.session.callers.map(who => {
            const own = this.reservations(who);
            return radio(
                "who",
                who,
                `${who}${own.length ? ` has ${own.join(", ")}` : ""}`,
                who === this.who,
                () => {
                    this.who = who;
                    if (this.operation(this.op)?.form === "with" && !this.reservations(who).length)
                        this.op = this.firstFor();
                    this.render();
                },
            );
        });
        const more =
            this.session.callers.length < 8
            && el(
                "button",
                {
                    type: "button",
                    class: "small",
                    click: () => {
                        this.who = String.fromCharCode(65 + this.session.callers.length);
                        this.session.callers.push(this.who);
                        this.op = this.firstFor();
                        this.render();
                    },
                },
                "+ caller",
            );
        return el("fieldset", {class: "seg"}, el("legend", {}, "Who asks"), ...choices, more);
    }

    /** An operation that a caller with nothing can ask for. */
    firstFor() {
        return (
            this.page.operations.find((/** @type {any} */ o) => o.form !== "with")?.name || this.op
        );
    }

    operations() {
        const anything = (this.session.state?.reservations || []).length > 0;
        const choice = (
            /** @type {string} */ name,
            /** @type {boolean} */ lacks,
            /** @type {string} */ says,
        ) =>
            radio(
                "op",
                name,
                name,
                name === this.op,
                () => this.choose(name),
                lacks,
                true,
                lacks ? "needs a reservation" : says,
            );
        const choices = this.page.operations.map((/** @type {any} */ one) =>
            choice(one.name, one.form === "with" && !anything, one.brief),
        );
        const own = OWN.filter(name => !this.operation(name)).map(name =>
            choice(name, false, OWN_WORDS[name]),
        );
        return el("fieldset", {class: "seg"}, el("legend", {}, "For what"), ...choices, ...own);
    }

    arguments() {
        const box = el("div", {class: "args"});
        const operation = this.operation(this.op);
        if (!operation) {
            if (this.op === "new")
                this.fresh(box);
            if (this.op === "discard")
                this.root(box);
            return box;
        }
        if (operation.form === "with")
            box.append(this.reservation());
        else if (operation.by)
            box.append(this.value(operation.by, operation.path[operation.path.length - 1]));
        else
            operation.path.forEach((/** @type {string} */ name, /** @type {number} */ n) => {
                const resource = this.resource(name);
                const keys =
                    operation.form === "find"
                    || (operation.form === "create" && n < operation.path.length - 1);
                const fields = resource.fields.filter(
                    (/** @type {any} */ f) => !keys || resource.key.includes(f.name),
                );
                if (fields.length)
                    box.append(this.inputs.fields(name, name, fields));
            });
        if (operation.at)
            box.append(this.slot(operation.at));
        return box;
    }

    reservation() {
        const own = this.reservations(this.who);
        const others = (this.session.state?.reservations || []).filter(
            (/** @type {string} */ r) => !own.includes(r),
        );
        const select = el("select", {id: "arg-reservation", "data-keep": "reservation"});
        for (const one of own)
            select.append(el("option", {value: one}, one));
        for (const one of others)
            select.append(el("option", {value: one}, `${one} of another caller`));
        select.append(el("option", {value: "none"}, "one that nobody has"));
        this.inputs.readers.set(
            "reservation",
            () => /** @type {HTMLSelectElement} */ (select).value,
        );
        return el(
            "div",
            {class: "field"},
            el("label", {for: "arg-reservation"}, "reservation"),
            select,
        );
    }

    /** What `find … by` looks up. @param {any} by @param {string} resource */
    value(by, resource) {
        if (by.parts.length)
            return this.slot(by);
        const known = this.inputs.known(by.name);
        const kind = {name: by.name, type: by.type, brief: "", values: []};
        const start =
            known[known.length - 1]
            ?? (/^[ui]\d/.test(by.type) ? 0 : by.type === "uuid" ? "u1" : "");
        return el(
            "fieldset",
            {},
            el("legend", {}, resource),
            this.inputs.field(by.name, kind, start),
        );
    }

    /** @param {any} slot */
    slot(slot) {
        const set = el("fieldset", {}, el("legend", {}, slot.name));
        for (const part of slot.parts) {
            const known = this.inputs.known(part);
            set.append(
                this.inputs.field(
                    `${slot.name}.${part}`,
                    {name: part, type: "u32", brief: "", values: []},
                    this.inputs.given.get(`${slot.name}.${part}`) ?? known[known.length - 1] ?? 0,
                ),
            );
        }
        return set;
    }

    /** @param {HTMLElement} box */
    fresh(box) {
        if (this.page.options.length)
            box.append(this.inputs.fields("options", "options", this.page.options));
        const sets = new Map();
        for (const hook of this.page.hooks.filter((/** @type {any} */ h) => h.optional)) {
            const name = hook.together || hook.name;
            sets.set(name, [...(sets.get(name) || []), hook.name]);
        }
        if (!sets.size)
            return;
        const set = el("fieldset", {}, el("legend", {}, "hooks that the backend leaves out"));
        for (const [name, hooks] of sets)
            set.append(
                this.inputs.field(`without.${name}`, {name: hooks.join(", "), type: "bool"}, false),
            );
        this.without = sets;
        box.append(set);
    }

    /** @param {HTMLElement} box */
    root(box) {
        const roots = this.page.resources.filter((/** @type {any} */ r) => !r.parent);
        const select = /** @type {HTMLSelectElement} */ (
            el(
                "select",
                {id: "arg-root"},
                el("option", {value: ""}, "everything"),
                ...roots.map((/** @type {any} */ r) =>
                    el(
                        "option",
                        {value: r.name, ...(this.discarded === r.name ? {selected: true} : {})},
                        `one ${r.name}`,
                    ),
                ),
            )
        );
        select.addEventListener("change", () => {
            this.discarded = select.value;
            this.render();
        });
        box.append(el("div", {class: "field"}, el("label", {for: "arg-root"}, "what"), select));
        const root = roots.find((/** @type {any} */ r) => r.name === this.discarded);
        const keys = root?.fields.filter((/** @type {any} */ f) => root.key.includes(f.name)) || [];
        if (keys.length)
            box.append(this.inputs.fields(root.name, root.name, keys));
    }

    hooks() {
        const operation = this.operation(this.op);
        const names = operation
            ? operation.hooks
            : this.op === "drain"
              ? this.page.hooks
                  .filter((/** @type {any} */ h) => !h.asks)
                  .map((/** @type {any} */ h) => h.name)
              : [];
        if (!names.length)
            return el("p", {class: "quiet"}, operation ? "It calls nothing." : "");
        return el(
            "div",
            {class: "hooks", role: "group", "aria-label": "How calls of the backend end"},
            el("p", {class: "quiet"}, "How calls of the backend end, this time"),
            ...this.page.hooks
                .filter((/** @type {any} */ hook) => names.includes(hook.name))
                .map((/** @type {any} */ hook) => callChoice(hook, this.errors)),
        );
    }

    /** The request that the form says; null where something is no number. */
    request() {
        const operation = this.operation(this.op);
        /** @type {Record<string, any>} */
        const request = {op: this.op};
        const values = this.inputs.read();
        if (values === null)
            return null;
        const of = (/** @type {string} */ prefix) =>
            Object.fromEntries(
                values
                    .filter(([name]) => name.startsWith(`${prefix}.`))
                    .map(([name, value]) => [name.slice(prefix.length + 1), value]),
            );
        if (!operation) {
            if (this.op === "new") {
                const without = Object.entries(of("without"))
                    .filter(([, left]) => left)
                    .flatMap(([name]) => this.without?.get(name) || []);
                if (this.page.options.length)
                    request.options = of("options");
                if (without.length)
                    request.without = without;
            }
            if (this.op === "discard" && this.discarded)
                request[this.discarded] = of(this.discarded);
        } else if (operation.form === "with")
            request.reservation = this.inputs.readers.get("reservation")?.();
        else if (operation.by)
            request[operation.by.name] = operation.by.parts.length
                ? of(operation.by.name)
                : this.inputs.readers.get(operation.by.name)?.();
        else
            for (const name of operation.path)
                if (name !== operation.at?.name && this.resource(name).fields.length)
                    request[name] = of(name);
        if (operation?.at)
            request[operation.at.name] = of(operation.at.name);
        if (operation?.owner)
            request.owner = this.who;
        const fail = failures(this.element);
        if (fail.length)
            request.fail = fail;
        return request;
    }
}
