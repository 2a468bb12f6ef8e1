// The simulator of the page: its form, its controls, and what they change.
import {read, write} from "./address.js";
import {isWide, show} from "./dock.js";
import {all, byId, el, say} from "./dom.js";
import {Form} from "./form.js";
import {Session} from "./session.js";
import {fromLines, fromLink, toLines, toLink} from "./share.js";
import {answerBox, callsBox, historyBox, paint, sentence, trackedBox} from "./show.js";

/**
 * @param {any} page @param {any} tables
 * @returns {{run(): void, back(): void, forward(): void}}
 */
export function startSimulator(page, tables) {
    const session = new Session(tables);
    const results = el("div", {id: "results"});
    const plays = el("div", {class: "box plays", id: "plays", hidden: true});
    /** @type {any} the finding whose script is played */
    let played = null;
    const lines = /** @type {HTMLTextAreaElement} */ (
        el("textarea", {id: "lines", spellcheck: "false", "aria-describedby": "lines-words"})
    );
    const problem = el("p", {class: "reject", id: "lines-problem"});
    const form = new Form(page, session, tables.errors, (who, request) => {
        session.ask(who, request);
        played = null;
        form.suggest();
        changed(true);
    });
    /** @type {Record<string, HTMLButtonElement>} */
    const buttons = {};
    const transport = el(
        "div",
        {class: "bar transport", role: "group", "aria-label": "Steps"},
        button("first", "«", "To the beginning", () => go(0)),
        button("back", "‹", "One step back", () => go(session.at - 1)),
        el("span", {id: "sim-at", class: "quiet"}),
        button("forward", "›", "One step forward", () => go(session.at + 1)),
        button("last", "»", "To the end", () => go(session.turns.length)),
        el("span", {class: "grow"}),
        button("reset", "Reset", "", () => {
            session.load([]);
            played = null;
            changed(false);
            say("Nothing has happened yet");
        }),
        button("share", "Copy link", "", copyLink),
    );

    byId("simulator").replaceChildren(
        plays,
        transport,
        form.element,
        results,
        el(
            "details",
            {class: "box"},
            el("summary", {}, "As lines for the command line"),
            el(
                "p",
                {class: "quiet", id: "lines-words"},
                `${page.manager}-sim and berthc sim read these. `
                    + "Paste other lines, or a recorded trace, to play them here.",
            ),
            el("label", {class: "sr", for: "lines"}, "Requests, one a line"),
            lines,
            problem,
            el(
                "div",
                {class: "bar"},
                button("play", "Play these lines", "", playLines),
                button("copy", "Copy", "", () => copy(lines.value, "The lines")),
                button("save", "Download", "", download),
                openButton(),
            ),
        ),
    );
    for (const one of all(document, "[data-play]"))
        one.addEventListener("click", () => play(Number(one.dataset.play)));
    for (const one of all(document, "[data-try]"))
        one.addEventListener("click", () => {
            show("sim");
            form.choose(one.dataset.try || "");
            /** @type {HTMLElement | null} */ (
                form.element.querySelector("[name='op']:checked")
            )?.focus();
        });
    window.addEventListener("hashchange", fromAddress);
    changed(false);
    fromAddress();
    return {
        run: () => form.element.requestSubmit(),
        back: () => go(session.at - 1),
        forward: () => go(session.at + 1),
    };

    /** @param {string} name @param {string} face @param {string} words @param {() => void} click */
    function button(name, face, words, click) {
        const made = /** @type {HTMLButtonElement} */ (
            el(
                "button",
                {
                    type: "button",
                    class: "small",
                    id: `sim-${name}`,
                    click,
                    ...(words ? {title: words} : {}),
                },
                words ? el("span", {"aria-hidden": "true"}, face) : face,
                words ? el("span", {class: "sr"}, words) : null,
            )
        );
        buttons[name] = made;
        return made;
    }

    /** @param {number} at */
    function go(at) {
        if (at < 0 || at > session.turns.length || at === session.at)
            return;
        session.go(at);
        form.suggest();
        changed(true);
    }

    /** Shows where the session is. @param {boolean} told */
    function changed(told) {
        const {last} = session;
        if (!session.callers.includes(form.who))
            form.who = session.callers[0];
        results.replaceChildren(
            answerBox(last, page),
            trackedBox(session, page, page.items),
            callsBox(session),
            historyBox(session, page, go),
        );
        showPlayed();
        byId("sim-at").textContent = `step ${session.at} of ${session.turns.length}`;
        buttons.first.disabled = buttons.back.disabled = session.at === 0;
        buttons.forward.disabled = buttons.last.disabled = session.at === session.turns.length;
        buttons.reset.disabled = buttons.share.disabled = session.turns.length === 0;
        lines.value = toLines(session.steps());
        problem.textContent = "";
        form.render();
        paint(session);
        follow();
        if (told && last)
            say(`Step ${session.at}: ${sentence(last)}`);
        if (told && !last)
            say("Before the first step");
        for (const current of all(results, ".history [aria-current]")) {
            const list = /** @type {HTMLElement} */ (current.closest(".history"));
            list.scrollTop = current.offsetTop - list.offsetTop - 60;
        }
    }

    /** What is wrong with the steps that are played: their answers alone may look right. */
    function showPlayed() {
        plays.hidden = !played;
        if (!played)
            return;
        const there = session.at === session.turns.length;
        plays.classList.toggle("there", there);
        plays.replaceChildren(
            el(
                "p",
                {class: "quiet"},
                there ? "The finding that this step shows: " : "The finding that is played: ",
                el("code", {}, played.id),
            ),
            el("p", {class: "what"}, `${played.text[0].toUpperCase()}${played.text.slice(1)}.`),
        );
    }

    /** On a wide screen, brings the row that ran last into sight if none is there. */
    function follow() {
        const ran = all(byId("main"), ".grid .ran");
        const inSight = all(byId("main"), ".ran").some(one => {
            const box = one.getBoundingClientRect();
            return box.top > 56 && box.bottom < innerHeight;
        });
        if (isWide() && ran.length && !inSight)
            ran[ran.length - 1]
                .closest(".resource")
                ?.querySelector(".picture, .grid-box")
                ?.scrollIntoView({block: "nearest"});
    }

    /** @param {number} n of a finding */
    function play(n) {
        played = page.findings[n];
        session.load(played.script);
        show("sim");
        session.forward();
        form.suggest();
        changed(true);
        buttons.forward.focus();
    }

    function playLines() {
        try {
            const steps = fromLines(lines.value);
            session.load(steps.map(step => ({...step, who: ""})));
            played = null;
            for (const turn of session.turns) {
                turn.who = ownerOf(turn.request);
                session.forward();
            }
            changed(true);
        } catch (error) {
            problem.textContent = error instanceof Error ? error.message : String(error);
            say(problem.textContent);
        }
    }

    /**
     * Who asks: the owner of a stored manager, if callers here have that name. Where lines do not
     * say it, the caller that has the reservation.
     * @param {Record<string, any>} request
     */
    function ownerOf(request) {
        if (!page.operations.some((/** @type {any} */ one) => one.name === request.op))
            return "";
        if (session.callers.includes(request.owner))
            return request.owner;
        return session.owners().get(request.reservation) || session.callers[0];
    }

    async function copyLink() {
        write("sim", await toLink(session.steps(), session.at));
        await copy(location.href, "The link");
    }

    /** @param {string} text @param {string} what */
    async function copy(text, what) {
        try {
            await navigator.clipboard.writeText(text);
            say(`${what} is copied`);
            buttons.share.textContent = what === "The link" ? "Link copied" : "Copy link";
        } catch {
            const instead =
                what === "The link" ? "it is in the address" : "choose the text instead";
            say(`${what} cannot be copied here; ${instead}`);
            if (what === "The link")
                buttons.share.textContent = "See the address";
        }
    }

    function download() {
        const link = el("a", {
            href: `data:application/x-ndjson;charset=utf-8,${encodeURIComponent(lines.value)}`,
            download: `${page.manager}.jsonl`,
        });
        document.body.append(link);
        link.click();
        link.remove();
    }

    function openButton() {
        const input = /** @type {HTMLInputElement} */ (
            el("input", {
                type: "file",
                class: "sr",
                id: "lines-file",
                accept: ".jsonl,.json,.txt",
                tabindex: "-1",
                "aria-label": "A file of lines",
                change: async () => {
                    const file = input.files?.[0];
                    if (!file)
                        return;
                    lines.value = await file.text();
                    playLines();
                },
            })
        );
        return el(
            "span",
            {},
            button("open", "Open a file", "", () => input.click()),
            input,
        );
    }

    /** A link leads to the conversation that it has. */
    async function fromAddress() {
        const link = read().get("sim");
        if (!link)
            return;
        try {
            const {at, steps} = await fromLink(link);
            session.load(steps);
            played = null;
            session.go(at);
            show("sim");
            changed(true);
        } catch {
            say("The link has no conversation that can be read");
        }
    }
}
