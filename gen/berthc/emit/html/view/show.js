// What came of the last request: the answer, the rows that ran, what is tracked, the calls so far.
import {OUTCOMES} from "./calls.js";
import {all, byId, el} from "./dom.js";

const GOOD = ["ok", "yes", "no"];
const SVG = "http://www.w3.org/2000/svg";

/** The answer in a sentence. @param {import("./session.js").Turn} turn */
export function sentence(turn) {
    const {answer, request, who} = turn;
    const asked = `${who ? `${who}: ` : ""}${request.op}`;
    if (answer.message)
        return `${asked}: the request is malformed: ${answer.message}`;
    const returns = Object.entries(answer.returns || {})
        .map(([name, value]) => `${name} ${value}`)
        .join(", ");
    if (answer.ok)
        return `${asked}: ok${returns ? `, ${returns}` : ""}`;
    const {where = {}} = answer;
    const place = [where.resource, where.state, where.event].filter(Boolean).join(".");
    const more = [
        place,
        where.hook && `hook ${where.hook}`,
        where.field && `field ${where.field}`,
        where.rule && `rule: ${where.rule}`,
    ].filter(Boolean);
    return `${asked}: ${answer.error}${more.length ? ` at ${more.join(", ")}` : ""}`;
}

/** @param {import("./session.js").Turn | null} turn @param {any} page */
export function answerBox(turn, page) {
    if (!turn) {
        const first = page.operations[0];
        return el(
            "div",
            {class: "box"},
            el(
                "p",
                {class: "quiet"},
                "Nothing has happened yet. Press Run",
                first ? `: ${first.name} is filled in.` : ".",
            ),
        );
    }
    const steps = turn.trace.map((/** @type {any} */ step) => trailItem(step)).filter(Boolean);
    return el(
        "div",
        {class: `box answer${turn.answer.ok ? "" : " failed"}`},
        el("p", {class: "big"}, sentence(turn)),
        steps.length > 0
            && el("ol", {class: "trail", "aria-label": "What happened, in order"}, ...steps),
    );
}

/** @param {any} step */
function trailItem(step) {
    if (step.kind === "undone")
        return el(
            "li",
            {},
            el("span", {class: "tag bad"}, "undone"),
            "it failed before its first call, so nothing changed",
        );
    const name = el("span", {class: "mono"}, step.resource);
    if (step.kind === "made")
        return el("li", {}, el("span", {class: "tag"}, "made"), name, `in ${step.to}`);
    if (step.kind === "ended")
        return el("li", {}, el("span", {class: "tag"}, "ended"), name);
    if (step.kind === "released")
        return el(
            "li",
            {},
            el("span", {class: "tag"}, "still held"),
            name,
            "somebody else holds it, so no row ran",
        );
    const good = GOOD.includes(step.outcome);
    const words = `${step.resource}.${step.from} on ${step.event}`;
    const place = step.row
        ? el("button", {type: "button", class: "link mono", "data-row": step.row}, words)
        : el("span", {class: "mono"}, words);
    return el(
        "li",
        {},
        place,
        step.hook && el("span", {class: "mono"}, step.hook),
        el(
            "span",
            {class: `tag ${good ? "ok" : "bad"}`},
            OUTCOMES[step.outcome] || step.outcome,
            step.error ? ` ${step.error}` : "",
        ),
        step.to && step.to !== step.from && el("span", {}, "→ ", el("b", {class: "mono"}, step.to)),
    );
}

/**
 * What is tracked, as a tree; what the last request changed stands out.
 * @param {import("./session.js").Session} session @param {any} page
 * @param {Record<string, any>} items
 */
export function trackedBox(session, page, items) {
    const state = session.state;
    const box = el("div", {class: "box"}, el("h3", {}, "Tracked now"));
    const tracked = session.tracked;
    const owners = session.owners();
    const trace = session.last?.trace || [];
    const undone = trace.some((/** @type {any} */ one) => one.kind === "undone");
    const gone = undone ? [] : trace.filter((/** @type {any} */ one) => one.kind === "ended");
    if (!state || !tracked.length)
        box.append(el("p", {class: "quiet"}, "nothing"));
    const below = (
        /** @type {any} */ shown,
        /** @type {number | null} */ parent,
        /** @type {HTMLElement} */ into,
    ) => {
        for (const resource of page.resources.filter((/** @type {any} */ r) => r.name in shown)) {
            const own = tracked.filter(
                one => one.resource === resource.name && one.parent === parent,
            );
            shown[resource.name].forEach((/** @type {any} */ values, /** @type {number} */ n) => {
                const one = own[n];
                const steps = undone
                    ? []
                    : trace.filter((/** @type {any} */ step) => step.instance === one.id);
                const item = instance(resource, values, one, owners, steps, items, page);
                into.append(item);
                below(values, one.id, item);
            });
        }
    };
    if (state)
        below(state, null, box);
    for (const one of gone)
        box.append(
            el(
                "div",
                {class: "instance gone"},
                `${one.resource} ended${one.from ? `; it was ${one.from}` : ""}`,
            ),
        );
    const loose = (state?.reservations || []).filter(
        (/** @type {string} */ r) => !tracked.some(one => one.reservations.includes(r)),
    );
    if (loose.length)
        box.append(
            el("p", {class: "quiet"}, `reservations that hold nothing: ${loose.join(", ")}`),
        );
    return box;
}

/**
 * @param {any} resource @param {any} values @param {any} one @param {Map<string, string>} owners
 * @param {any[]} steps @param {Record<string, any>} items @param {any} page
 */
function instance(resource, values, one, owners, steps, items, page) {
    const kinds = page.resources.map((/** @type {any} */ r) => r.name);
    const id = `${resource.name}.${values.state}`;
    const before = steps.find(step => step.kind === "row" && step.from !== step.to)?.from;
    const made = steps.some(step => step.kind === "made");
    const shown = Object.entries(values).filter(
        ([name, value]) =>
            name !== "state"
            && name !== "refs"
            && !kinds.includes(name)
            && tells(resource, name, value),
    );
    const holders = one.reservations.map((/** @type {string} */ r) =>
        el("span", {class: "tag"}, `${owners.get(r) || "?"} ${r}`),
    );
    if (one.anonymous)
        holders.push(
            el(
                "span",
                {class: "tag"},
                `${one.anonymous} reference${one.anonymous === 1 ? "" : "s"}`,
            ),
        );
    if (one.children)
        holders.push(el("span", {class: "tag"}, `${one.children} below`));
    return el(
        "div",
        {class: `instance${steps.length ? " changed" : ""}`, "data-instance": one.id},
        el(
            "div",
            {class: "head"},
            el("b", {}, resource.name),
            before && before !== values.state && el("span", {class: "quiet"}, `${before} →`),
            el(
                "button",
                {
                    type: "button",
                    class: `chip ${items[id]?.state || "normal"}`,
                    "data-state": id,
                    "aria-pressed": "false",
                },
                values.state,
            ),
            made && el("span", {class: "tag ok"}, "new"),
        ),
        shown.length > 0
            && el(
                "p",
                {class: "values"},
                shown.map(([name, value]) => `${name} ${text(value)}`).join("  ·  "),
            ),
        el(
            "div",
            {class: "holders"},
            el("span", {class: "quiet"}, holders.length ? "held by" : "held by nobody"),
            ...holders,
        ),
    );
}

/**
 * Is a value worth a place? Fields that nobody gave are not.
 * @param {any} resource @param {string} name @param {any} value
 */
function tells(resource, name, value) {
    const field = resource?.fields.find((/** @type {any} */ one) => one.name === name);
    return (
        !field
        || (resource.key.length <= 3 && resource.key.includes(name))
        || text(value) !== text(field.default)
    );
}

/** @param {any} value */
function text(value) {
    return Array.isArray(value) ? `[${value.join(", ")}]` : value === "" ? "“”" : String(value);
}

/** Every call of the backend so far. @param {import("./session.js").Session} session */
export function callsBox(session) {
    const list = el("ol", {
        class: "calls-log",
        tabindex: "0",
        "aria-label": "Calls of the backend, in order",
    });
    session.turns.slice(0, session.at).forEach((turn, n) => {
        for (const call of turn.answer?.calls || []) {
            const args = Object.entries(call.args)
                .map(([name, value]) => `${name} ${text(value)}`)
                .join(", ");
            list.append(
                el(
                    "li",
                    {class: n === session.at - 1 ? "now" : "", title: args},
                    el("span", {class: "quiet"}, String(n + 1)),
                    call.hook,
                    el(
                        "span",
                        {class: `tag ${GOOD.includes(call.outcome) ? "ok" : "bad"}`},
                        OUTCOMES[call.outcome],
                    ),
                ),
            );
        }
    });
    return el(
        "div",
        {class: "box"},
        el("h3", {}, "Calls of the backend"),
        list.childElementCount ? list : el("p", {class: "quiet"}, "none"),
    );
}

/**
 * All requests, those ahead too.
 * @param {import("./session.js").Session} session @param {any} page
 * @param {(at: number) => void} go
 */
export function historyBox(session, page, go) {
    const list = el("ol", {class: "history"});
    session.turns.forEach((turn, n) => {
        const played = n < session.at;
        const result = !played ? "" : turn.answer.ok ? "ok" : turn.answer.error;
        list.append(
            el(
                "li",
                {},
                el(
                    "button",
                    {
                        type: "button",
                        class: played ? "" : "later",
                        ...(n === session.at - 1 ? {"aria-current": "step"} : {}),
                        click: () => go(n + 1),
                    },
                    el("span", {class: "quiet"}, String(n + 1)),
                    el("b", {}, turn.who || "–"),
                    el("span", {class: "mono"}, briefly(turn.request, page)),
                    el(
                        "span",
                        {class: `tag ${!played ? "" : turn.answer.ok ? "ok" : "bad"}`},
                        result || "ahead",
                    ),
                ),
            ),
        );
    });
    return el(
        "div",
        {class: "box"},
        el("h3", {}, "Requests"),
        session.turns.length ? list : el("p", {class: "quiet"}, "none"),
    );
}

/** A request in a few words. @param {Record<string, any>} request @param {any} page */
function briefly(request, page) {
    const parts = Object.entries(request)
        .filter(([name]) => !["op", "fail", "owner", "reservation"].includes(name))
        .flatMap(([name, value]) => {
            if (typeof value !== "object" || Array.isArray(value))
                return [`${name} ${text(value)}`];
            const resource = page.resources.find((/** @type {any} */ one) => one.name === name);
            return Object.entries(value)
                .filter(([of, given]) => tells(resource, of, given))
                .map(([of, given]) =>
                    resource?.key.includes(of) ? text(given) : `${of} ${text(given)}`,
                );
        });
    const fail = (request.fail || []).map((/** @type {any} */ one) =>
        typeof one === "string" ? one : `${one.hook} ${one.outcome || "fail"}`,
    );
    return [request.op, request.reservation, ...parts, fail.length && `(${fail.join(", ")})`]
        .filter(Boolean)
        .join(" ");
}

/**
 * The rows that ran light up in diagrams and tables, and states show how many instances they have.
 * @param {import("./session.js").Session} session
 */
export function paint(session) {
    for (const one of all(document, ".ran"))
        one.classList.remove("ran");
    for (const one of all(document, ".badge"))
        one.remove();
    const trace = session.last?.trace || [];
    for (const step of trace) {
        if (step.kind === "row" && step.row) {
            for (const one of all(byId("main"), `.grid [data-row="${CSS.escape(step.row)}"]`))
                one.classList.add("ran");
            const end = CSS.escape(`${step.row}:${step.outcome}`);
            for (const arrow of all(byId("main"), `svg [data-ends~="${end}"]`))
                arrow.classList.add("ran");
        }
    }
    /** @type {Map<string, number>} */
    const counts = new Map();
    for (const one of session.tracked) {
        const id = `${one.resource}.${one.state}`;
        counts.set(id, (counts.get(id) || 0) + 1);
    }
    for (const [id, count] of counts) {
        for (const node of all(byId("main"), `svg g[data-state="${CSS.escape(id)}"]`))
            badge(node, count);
    }
}

/** @param {Element} node @param {number} count */
function badge(node, count) {
    const graphic = /** @type {SVGGraphicsElement} */ (/** @type {unknown} */ (node));
    const box = graphic.getBBox();
    if (!box.width)
        return;
    const group = document.createElementNS(SVG, "g");
    const circle = document.createElementNS(SVG, "circle");
    const words = document.createElementNS(SVG, "text");
    group.setAttribute("class", "badge");
    group.setAttribute("aria-hidden", "true");
    group.setAttribute("data-of", node.getAttribute("data-state") || "");
    for (const [name, value] of Object.entries({cx: box.x + box.width, cy: box.y, r: 10}))
        circle.setAttribute(name, String(value));
    for (const [name, value] of Object.entries({x: box.x + box.width, y: box.y + 4}))
        words.setAttribute(name, String(value));
    words.textContent = String(count);
    group.append(circle, words);
    node.parentNode?.append(group);
}
