// Inputs of the form, and what they read.
import {el} from "./dom.js";

export class Inputs {
    /** @param {import("./session.js").Session} session */
    constructor(session) {
        this.session = session;
        /** @type {Map<string, any>} what was given last, by resource and field */
        this.given = new Map();
        /** @type {Set<string>} resources whose other fields are shown */
        this.opened = new Set();
        /** @type {Map<string, () => any>} reads an input, by name */
        this.readers = new Map();
    }

    /** All inputs go; what they said last is kept. */
    clear() {
        this.readers.clear();
    }

    /** What all inputs say, by name; null where a number is none. */
    read() {
        const values = [...this.readers].map(
            ([name, read]) => /** @type {[string, any]} */ ([name, read()]),
        );
        if (values.some(([, value]) => value === null))
            return null;
        for (const [name, value] of values)
            this.given.set(name, value);
        return values;
    }

    /** @param {string} prefix @param {string} title @param {any[]} fields */
    fields(prefix, title, fields) {
        const set = el("fieldset", {}, el("legend", {}, title));
        const value = (/** @type {any} */ field) =>
            this.given.get(`${prefix}.${field.name}`) ?? field.usual;
        const usual = fields.filter(field => field.needed);
        const others = fields.filter(field => !field.needed);
        for (const field of usual)
            set.append(this.field(`${prefix}.${field.name}`, field, value(field)));
        if (usual.length + others.length <= 3) {
            for (const field of others)
                set.append(this.field(`${prefix}.${field.name}`, field, value(field)));
            return set;
        }
        const changed = others.some(field => String(value(field)) !== String(field.default));
        const more = el(
            "details",
            {
                ...(changed || this.opened.has(prefix) ? {open: true} : {}),
                toggle: event => {
                    if (event.target.open)
                        this.opened.add(prefix);
                    else
                        this.opened.delete(prefix);
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
            this.readers.set(name, () => input.checked);
        } else if (field.type === "enum") {
            input = el(
                "select",
                common,
                ...field.values.map((/** @type {string} */ word) =>
                    el("option", {value: word, ...(word === value ? {selected: true} : {})}, word),
                ),
            );
            this.readers.set(name, () => input.value);
        } else if (/^[ui]\d+$/.test(field.type)) {
            input = el("input", {
                ...common,
                type: "text",
                inputmode: "numeric",
                pattern: "-?[0-9]+",
                required: true,
                value: String(value),
            });
            this.readers.set(name, () => integer(input.value));
        } else if (field.type === "list" || field.type === "set") {
            input = el("input", {
                ...common,
                type: "text",
                value: (value || []).join(", "),
                placeholder: "several: a, b",
            });
            this.readers.set(name, () =>
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
            this.readers.set(name, () => input.value);
            return el(
                "div",
                {class: "field"},
                el("label", {for: id}, field.name),
                input,
                known.length > 0
                    && el(
                        "datalist",
                        {id: `${id}-known`},
                        ...known.map(one => el("option", {value: one})),
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
            if (Array.isArray(value))
                value.forEach(visit);
            else if (value && typeof value === "object") {
                if (name in value && typeof value[name] !== "object")
                    found.add(String(value[name]));
                Object.values(value).forEach(visit);
            }
        };
        visit(this.session.state);
        return [...found];
    }
}

/**
 * One of several choices.
 * @param {string} group @param {string} value @param {string} words @param {boolean} checked
 * @param {() => void} change @param {boolean} [disabled] @param {boolean} [mono]
 * @param {string} [says] what it does, or why it cannot be chosen
 */
export function radio(
    group,
    value,
    words,
    checked,
    change,
    disabled = false,
    mono = false,
    says = "",
) {
    return el(
        "label",
        says ? {title: says} : {},
        el("input", {
            type: "radio",
            name: group,
            value,
            "data-keep": `${group}=${value}`,
            ...(checked ? {checked: true} : {}),
            ...(disabled ? {disabled: true} : {}),
            ...(says ? {"aria-description": says} : {}),
            change,
        }),
        el("span", {class: mono ? "mono" : ""}, words),
    );
}

/** @param {string} text @returns {number | bigint | null} */
function integer(text) {
    if (!/^-?[0-9]+$/.test(text.trim()))
        return null;
    const number = Number(text);
    return Number.isSafeInteger(number) ? number : BigInt(text.trim());
}
