// How calls of the backend end, as the reader chooses it.
import {el} from "./dom.js";
import {radio} from "./inputs.js";

/** @type {Record<string, string>} */
const FAILURES = {fail: "EIO", uncertain: "ETIMEDOUT", unknown: "EIO"};

/** @type {Record<string, string>} */
export const OUTCOMES = {
    ok: "ok",
    fail: "fails",
    uncertain: "uncertain",
    yes: "yes",
    no: "no",
    unknown: "cannot tell",
};

/**
 * How the calls of one hook end.
 * @param {any} hook
 * @param {string[]} errors
 */
export function callChoice(hook, errors) {
    const {name} = hook;
    const outcomes = hook.asks ? ["yes", "no", "unknown"] : ["ok", "fail", "uncertain"];
    const more = el("div", {class: "more", hidden: !hook.outs});
    const choices = outcomes.map((one, n) => {
        const choice = radio(
            `hook-${name}`,
            one,
            OUTCOMES[one],
            n === 0,
            () => {
                const bad = one in FAILURES;
                more.hidden = n === 0 && !hook.outs;
                error.hidden = !bad;
                if (bad)
                    /** @type {HTMLSelectElement} */ (error.querySelector("select")).value =
                        FAILURES[one];
            },
        );
        if (n > 0 && one in FAILURES)
            choice.classList.add("bad-choice");
        return choice;
    });
    const error = el(
        "label",
        {hidden: true},
        "error",
        el(
            "select",
            {"data-of": "error"},
            ...errors.map(word => el("option", {value: word}, word)),
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
            ...[1, 2, 3, 4].map(n => el("option", {value: n}, `call ${n}`)),
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
                    ...["new", "last", "zero", "nothing"].map(word =>
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

/**
 * What the choices in a form say, as `fail` of a request has it.
 * @param {HTMLElement} form
 */
export function failures(form) {
    const fail = [];
    for (const box of /** @type {HTMLElement[]} */ ([...form.querySelectorAll("[data-hook]")])) {
        const hook = box.dataset.hook || "";
        const outcome = /** @type {HTMLInputElement} */ (box.querySelector("input:checked")).value;
        const part = (/** @type {string} */ of) =>
            /** @type {HTMLSelectElement | null} */ (box.querySelector(`[data-of="${of}"]`))
                ?.value || "";
        const writes = part("writes") || "new";
        const usual = outcome === "ok" || outcome === "yes";
        if (usual && writes === "new")
            continue;
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
