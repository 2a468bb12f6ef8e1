// The form of the next request: who asks, for what, and how the backend's calls end.
import {el} from "./dom.js";
import {OWN} from "./session.js";

const FAILURES = {fail: "EIO", uncertain: "ETIMEDOUT", unknown: "EIO"};
const WORDS = {
    ok: "ok",
    fail: "fails",
    uncertain: "uncertain",
    yes: "yes",
    no: "no",
    unknown: "cannot tell",
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
        /** @type {Map<string, any>} what was given last, by resource and field */
        this.given = new Map();
        /** @type {Set<string>} resources whose other fields are shown */
        this.opened = new Set();
        /** @type {Map<string, () => any>} reads an input, by name */
        this.inputs = new Map();
        this.element = el("form", {
            class: "box",
            "aria-label": "The next request",
            submit: (event) => {
                event.preventDefault();
                this.run();
            },
        });
        this.render();
    }

    /** After a request: what would come next. */
    suggest() {
        const last = this.session.last;
        const operation = last && this.operation(last.request.op);
        if (!last || (last.who && last.who !== this.who) || !operation) return;
        if (!last.answer?.ok) return;
        const own = this.reservations(this.who);
        const uses = this.page.operations.filter((/** @type {any} */ o) => o.form === "with");
        if (operation.gives) this.op = uses[0]?.name || this.op;
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
        const operation = this.operation(this.op);
        return operation
            ? `${this.who} asks ${this.op}`
            : this.op === "new"
              ? "makes a fresh manager"
              : this.op === "drain"
                ? "drops everything"
                : "forgets everything, calls nothing";
    }

    callers() {
        const choices = this.session.callers.map((who) => {
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
            this.session.callers.length < 8 &&
            el(
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
        const choices = this.page.operations.map((/** @type {any} */ one) =>
            radio(
                "op",
                one.name,
                one.name,
                one.name === this.op,
                () => this.choose(one.name),
                one.form === "with" && !anything,
                true,
            ),
        );
        const own = OWN.filter((name) => !this.operation(name)).map((name) =>
            radio("op", name, name, name === this.op, () => this.choose(name), false, true),
        );
        return el("fieldset", {class: "seg"}, el("legend", {}, "For what"), ...choices, ...own);
    }

    arguments() {
        const box = el("div", {class: "args"});
        const operation = this.operation(this.op);
        if (!operation) {
            if (this.op === "new") this.fresh(box);
            if (this.op === "discard") this.root(box);
            return box;
        }
        if (operation.form === "with") box.append(this.reservation());
        else if (operation.by)
            box.append(this.value(operation.by, operation.path[operation.path.length - 1]));
        else
            operation.path.forEach((/** @type {string} */ name, /** @type {number} */ n) => {
                const resource = this.resource(name);
                const keys =
                    operation.form === "find" ||
                    (operation.form === "create" && n < operation.path.length - 1);
                const fields = resource.fields.filter(
                    (/** @type {any} */ f) => !keys || resource.key.includes(f.name),
                );
                if (fields.length) box.append(this.fields(name, name, fields));
            });
        if (operation.at) box.append(this.slot(operation.at));
        return box;
    }

    reservation() {
        const own = this.reservations(this.who);
        const others = (this.session.state?.reservations || []).filter(
            (/** @type {string} */ r) => !own.includes(r),
        );
        const select = el("select", {id: "arg-reservation", "data-keep": "reservation"});
        for (const one of own) select.append(el("option", {value: one}, one));
        for (const one of others)
            select.append(el("option", {value: one}, `${one} of another caller`));
        select.append(el("option", {value: "none"}, "one that nobody has"));
        this.inputs.set("reservation", () => /** @type {HTMLSelectElement} */ (select).value);
        return el(
            "div",
            {class: "field"},
            el("label", {for: "arg-reservation"}, "reservation"),
            select,
        );
    }

    /** @param {string} prefix @param {string} title @param {any[]} fields */
    fields(prefix, title, fields) {
        const set = el("fieldset", {}, el("legend", {}, title));
        const value = (/** @type {any} */ field) =>
            this.given.get(`${prefix}.${field.name}`) ?? field.usual;
        const usual = fields.filter((field) => field.needed);
        const others = fields.filter((field) => !field.needed);
        for (const field of usual)
            set.append(this.field(`${prefix}.${field.name}`, field, value(field)));
        if (usual.length + others.length <= 3) {
            for (const field of others)
                set.append(this.field(`${prefix}.${field.name}`, field, value(field)));
            return set;
        }
        const changed = others.some((field) => String(value(field)) !== String(field.default));
        const more = el(
            "details",
            {
                ...(changed || this.opened.has(prefix) ? {open: true} : {}),
                toggle: (event) => {
                    if (event.target.open) this.opened.add(prefix);
                    else this.opened.delete(prefix);
                },
            },
            el("summary", {}, `${others.length} more field${others.length === 1 ? "" : "s"}`),
        );
        for (const field of others)
            more.append(this.field(`${prefix}.${field.name}`, field, value(field)));
        set.append(more);
        return set;
    }

    /** @param {string} name @param {any} field @param {any} value */
    field(name, field, value) {
        const id = `arg-${name}`;
        /** @type {any} */
        let input;
        const common = {id, "data-keep": name, ...(field.brief ? {title: field.brief} : {})};
        if (field.type === "bool") {
            input = el("input", {...common, type: "checkbox", ...(value ? {checked: true} : {})});
            this.inputs.set(name, () => input.checked);
        } else if (field.type === "enum") {
            input = el(
                "select",
                common,
                ...field.values.map((/** @type {string} */ word) =>
                    el("option", {value: word, ...(word === value ? {selected: true} : {})}, word),
                ),
            );
            this.inputs.set(name, () => input.value);
        } else if (/^[ui]\d+$/.test(field.type)) {
            input = el("input", {
                ...common,
                type: "text",
                inputmode: "numeric",
                pattern: "-?[0-9]+",
                required: true,
                value: String(value),
            });
            this.inputs.set(name, () => integer(input.value));
        } else if (field.type === "list" || field.type === "set") {
            input = el("input", {
                ...common,
                type: "text",
                value: (value || []).join(", "),
                placeholder: "several: a, b",
            });
            this.inputs.set(name, () =>
                input.value
                    .split(",")
                    .map((/** @type {string} */ one) => one.trim())
                    .filter(Boolean),
            );
        } else {
            const known = this.known(field.name);
            input = el("input", {
                ...common,
                type: "text",
                value: String(value),
                autocomplete: "off",
                spellcheck: "false",
                ...(known.length ? {list: `${id}-known`} : {}),
            });
            this.inputs.set(name, () => input.value);
            return el(
                "div",
                {class: "field"},
                el("label", {for: id}, field.name),
                input,
                known.length > 0 &&
                    el(
                        "datalist",
                        {id: `${id}-known`},
                        ...known.map((one) => el("option", {value: one})),
                    ),
            );
        }
        return el("div", {class: "field"}, el("label", {for: id}, field.name), input);
    }

    /**
     * The values that tracked instances have under a name.
     * @param {string} name
     * @returns {string[]}
     */
    known(name) {
        /** @type {Set<string>} */
        const found = new Set();
        const visit = (/** @type {any} */ value) => {
            if (Array.isArray(value)) value.forEach(visit);
            else if (value && typeof value === "object") {
                if (name in value && typeof value[name] !== "object")
                    found.add(String(value[name]));
                Object.values(value).forEach(visit);
            }
        };
        visit(this.session.state);
        return [...found];
    }

    /** What `find … by` looks up. @param {any} by @param {string} resource */
    value(by, resource) {
        if (by.parts.length) return this.slot(by);
        const known = this.known(by.name);
        const kind = {name: by.name, type: by.type, brief: "", values: []};
        const start =
            known[known.length - 1] ??
            (/^[ui]\d/.test(by.type) ? 0 : by.type === "uuid" ? "u1" : "");
        return el("fieldset", {}, el("legend", {}, resource), this.field(by.name, kind, start));
    }

    /** @param {any} slot */
    slot(slot) {
        const set = el("fieldset", {}, el("legend", {}, slot.name));
        for (const part of slot.parts) {
            const known = this.known(part);
            set.append(
                this.field(
                    `${slot.name}.${part}`,
                    {name: part, type: "u32", brief: "", values: []},
                    this.given.get(`${slot.name}.${part}`) ?? known[known.length - 1] ?? 0,
                ),
            );
        }
        return set;
    }

    /** @param {HTMLElement} box */
    fresh(box) {
        if (this.page.options.length)
            box.append(this.fields("options", "options", this.page.options));
        const sets = new Map();
        for (const hook of this.page.hooks.filter((/** @type {any} */ h) => h.optional)) {
            const name = hook.together || hook.name;
            sets.set(name, [...(sets.get(name) || []), hook.name]);
        }
        if (!sets.size) return;
        const set = el("fieldset", {}, el("legend", {}, "hooks that the backend leaves out"));
        for (const [name, hooks] of sets)
            set.append(
                this.field(`without.${name}`, {name: hooks.join(", "), type: "bool"}, false),
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
        if (keys.length) box.append(this.fields(root.name, root.name, keys));
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
        if (!names.length) return el("p", {class: "quiet"}, operation ? "It calls nothing." : "");
        return el(
            "div",
            {class: "hooks", role: "group", "aria-label": "How calls of the backend end"},
            el("p", {class: "quiet"}, "How calls of the backend end, this time"),
            ...names.map((/** @type {string} */ name) => this.hook(name)),
        );
    }

    /** @param {string} name */
    hook(name) {
        const hook = this.page.hooks.find((/** @type {any} */ h) => h.name === name);
        const outcomes = hook.asks ? ["yes", "no", "unknown"] : ["ok", "fail", "uncertain"];
        const more = el("div", {class: "more", hidden: !hook.outs});
        const choices = outcomes.map((one, n) => {
            const choice = radio(
                `hook-${name}`,
                one,
                WORDS[/** @type {keyof typeof WORDS} */ (one)],
                n === 0,
                () => {
                    const bad = one in FAILURES;
                    more.hidden = n === 0 && !hook.outs;
                    error.hidden = !bad;
                    if (bad)
                        /** @type {HTMLSelectElement} */ (error.querySelector("select")).value =
                            FAILURES[/** @type {keyof typeof FAILURES} */ (one)];
                },
            );
            if (n > 0 && one in FAILURES) choice.classList.add("bad-choice");
            return choice;
        });
        const error = el(
            "label",
            {hidden: true},
            "error",
            el(
                "select",
                {"data-of": "error"},
                ...this.errors.map((word) => el("option", {value: word}, word)),
            ),
        );
        const nth = el(
            "label",
            {},
            "which call",
            el(
                "select",
                {"data-of": "nth"},
                el("option", {value: ""}, "every one"),
                ...[1, 2, 3, 4].map((n) => el("option", {value: n}, `call ${n}`)),
            ),
        );
        more.append(error, nth);
        if (hook.outs)
            more.append(
                el(
                    "label",
                    {},
                    "it writes",
                    el(
                        "select",
                        {"data-of": "writes"},
                        ...["new", "last", "zero", "nothing"].map((word) =>
                            el("option", {value: word}, word),
                        ),
                    ),
                ),
            );
        const box = el(
            "fieldset",
            {class: "hook-choice", "data-hook": name},
            el("legend", {class: "sr"}, name),
            el("span", {class: "hook-name", "aria-hidden": "true"}, name),
            el("div", {class: "seg"}, ...choices),
            more,
        );
        return box;
    }

    /** The request that the form says; null where something is no number. */
    request() {
        const operation = this.operation(this.op);
        /** @type {Record<string, any>} */
        const request = {op: this.op};
        const values = [...this.inputs].map(
            ([name, read]) => /** @type {[string, any]} */ ([name, read()]),
        );
        if (values.some(([, value]) => value === null)) return null;
        for (const [name, value] of values) this.given.set(name, value);
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
                if (this.page.options.length) request.options = of("options");
                if (without.length) request.without = without;
            }
            if (this.op === "discard" && this.discarded)
                request[this.discarded] = of(this.discarded);
        } else if (operation.form === "with")
            request.reservation = this.inputs.get("reservation")?.();
        else if (operation.by)
            request[operation.by.name] = operation.by.parts.length
                ? of(operation.by.name)
                : this.inputs.get(operation.by.name)?.();
        else
            for (const name of operation.path)
                if (name !== operation.at?.name && this.resource(name).fields.length)
                    request[name] = of(name);
        if (operation?.at) request[operation.at.name] = of(operation.at.name);
        const fail = this.failures();
        if (fail.length) request.fail = fail;
        return request;
    }

    failures() {
        const fail = [];
        for (const box of /** @type {HTMLElement[]} */ ([
            ...this.element.querySelectorAll("[data-hook]"),
        ])) {
            const hook = box.dataset.hook || "";
            const outcome = /** @type {HTMLInputElement} */ (box.querySelector("input:checked"))
                .value;
            const part = (/** @type {string} */ of) =>
                /** @type {HTMLSelectElement | null} */ (box.querySelector(`[data-of="${of}"]`))
                    ?.value || "";
            const writes = part("writes") || "new";
            const usual = outcome === "ok" || outcome === "yes";
            if (usual && writes === "new") continue;
            fail.push({
                hook,
                outcome,
                ...(outcome in FAILURES ? {error: part("error")} : {}),
                ...(part("nth") ? {nth: Number(part("nth"))} : {}),
                ...(writes === "new" ? {} : {writes}),
            });
        }
        return fail;
    }
}

/**
 * @param {string} group @param {string} value @param {string} words @param {boolean} checked
 * @param {() => void} change @param {boolean} [disabled] @param {boolean} [mono]
 */
function radio(group, value, words, checked, change, disabled = false, mono = false) {
    return el(
        "label",
        {},
        el("input", {
            type: "radio",
            name: group,
            value,
            "data-keep": `${group}=${value}`,
            ...(checked ? {checked: true} : {}),
            ...(disabled ? {disabled: true} : {}),
            change,
        }),
        el("span", {class: mono ? "mono" : ""}, words),
    );
}

/** @param {string} text @returns {number | bigint | null} */
function integer(text) {
    if (!/^-?[0-9]+$/.test(text.trim())) return null;
    const number = Number(text);
    return Number.isSafeInteger(number) ? number : BigInt(text.trim());
}
