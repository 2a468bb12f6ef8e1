/** What a page must do in a browser. Each function is a test of test_page_views.py. */
import assert from "node:assert/strict";
import {spawnSync} from "node:child_process";
import {readFileSync} from "node:fs";

const DETACH = "disk.attached.detach.0";
const count = (page, selector) => page.locator(selector).count();
const said = page => page.locator("#live").textContent();
const run = page => page.locator("#simulator form .primary").click();
const answer = page => page.locator(".answer .big").textContent();
/** Waits until an element has a text, perhaps among others. */
const reads = (page, selector, text) => page.waitForFunction(
    ([where, wanted]) => document.querySelector(where).textContent.includes(wanted),
    [selector, text]);
/** How much of what an element has does not fit its width. */
const beyond = locator => locator.evaluate(one => one.scrollWidth - one.clientWidth);
const choose = (page, name, value) =>
    page.locator(`label:has(input[name="${name}"][value="${value}"])`).click();

export async function a_click_on_a_row_marks_it_everywhere({open}) {
    const page = await open("scsi.html");
    await page.locator(`.grid [data-row="${DETACH}"]`).click();
    assert.equal(await count(page, `.grid .is-marked[data-row="${DETACH}"]`), 1);
    assert.equal(await count(page, ".grid .is-marked"), 1);
    assert.equal(await count(page, `svg .edge.is-marked[data-rows~="${DETACH}"]`), 2);
    assert.equal(await count(page, "svg .is-marked"), 2);
    const line = await page.locator("#spec .is-marked code").textContent();
    assert.match(line, /^ +detach: \{call: guest\.eject/);
    assert.match(await page.locator("#chosen-lines").textContent(), /detach: \{call: guest\.eject/);
    assert.match(await said(page), /Marked: attached, detach: calls guest\.eject/);
    assert.match(page.url(), /#row=disk\.attached\.detach\.0$/);
    await page.locator(`.grid [data-row="${DETACH}"]`).click();
    assert.equal(await count(page, ".is-marked"), 0);
    assert.equal(page.url().includes("#"), false);
}

export async function a_click_in_the_picture_marks_the_table({open}) {
    const page = await open("scsi.html");
    await page.locator('svg g[data-state="disk.suspect"]').click();
    assert.equal(await count(page, '.grid .is-marked[data-state="disk.suspect"]'), 1);
    const lines = await page.locator("#spec .is-marked code").allTextContents();
    assert.match(lines[0], /suspect:/);
    assert.ok(lines.length >= 5);
    const arrow = page.locator(`svg [data-rows~="${DETACH}"]`).first();
    const rows = (await arrow.getAttribute("data-rows")).split(" ");
    await arrow.locator("text").first().click();
    assert.equal(await count(page, `.grid .is-marked[data-row="${rows[0]}"]`), 1);
}

export async function a_click_on_a_line_of_the_spec_marks_its_row({open}) {
    const page = await open("scsi.html");
    await page.click("#tab-spec");
    await page.locator("#spec .ln", {hasText: "detach: {call: guest.eject, ok"}).first().click();
    assert.equal(await count(page, `.grid .is-marked[data-row="${DETACH}"]`), 1);
}

export async function a_link_leads_to_its_row({open}) {
    const page = await open("scsi.html", {hash: `#row=${DETACH}`});
    assert.equal(await count(page, `.grid .is-marked[data-row="${DETACH}"]`), 1);
    const box = await page.locator(`.grid [data-row="${DETACH}"]`).boundingBox();
    assert.ok(box.y > 0 && box.y < 900, `the row is at ${box.y}`);
    for (const hash of ["#row=no.such.row.0", "#sim=z%ZZ", "#sim=pnonsense", "#row=%E0%A4%A"])
        assert.equal(await count(await open("scsi.html", {hash}), ".grid .is-marked"), 0);
}

export async function the_simulator_runs_the_next_operation_at_one_click({open}) {
    const page = await open("scsi.html");
    await run(page);
    assert.equal(await answer(page), "A: reserve: ok, reservation r1");
    await run(page);
    assert.match(await answer(page),
        /^A: map_to_guest: ok, guest_path \/run\/mounts\/scsi\/0_0_1$/);
    assert.equal(await count(page, '.grid .ran[data-row="disk.reserved.attach.0"]'), 1);
    assert.equal(await count(page, 'svg .edge.ran[data-ends~="disk.reserved.attach.0:ok"]'), 1);
    assert.equal(await count(page, "svg .edge.ran"), 2);
    assert.equal(await page.locator('svg .badge[data-of="disk.attached"]').textContent(), "1");
    assert.deepEqual(await page.locator(".instance > .head .chip").allTextContents(),
        ["attached", "mounted"]);
    assert.match(await page.locator(".instance .holders").first().textContent(), /A r1/);
    await run(page);
    assert.equal(await count(page, ".instance:not(.gone)"), 0);
    assert.deepEqual(await page.locator(".calls-log li").allTextContents(), [
        "2vm.add_diskok", "2guest.mountok", "3guest.unmountok", "3guest.ejectok",
        "3vm.remove_diskok"]);
}

export async function choices_say_what_they_do_or_why_they_cannot_be_chosen({open}) {
    const page = await open("scsi.html");
    const says = name => page.locator(`input[name="op"][value="${name}"]`).evaluate(one =>
        [one.disabled, one.getAttribute("aria-description"), one.closest("label").title]);
    const twice = words => [words, words];
    assert.deepEqual(await says("map_to_guest"), [true, ...twice("needs a reservation")]);
    assert.deepEqual(await says("drain"), [false, ...twice("drops everything")]);
    assert.deepEqual(await says("discard"), [false, ...twice("forgets everything, calls nothing")]);
    assert.deepEqual(await says("new"), [false, ...twice("makes a fresh manager")]);
    await run(page);
    assert.match((await says("map_to_guest"))[1], /^Attach the disk/);
    await choose(page, "op", "drain");
    assert.equal(await page.locator("#run-words").textContent(), "drops everything");
}

export async function hooks_fail_as_the_reader_says({open}) {
    const page = await open("scsi.html");
    await run(page);
    await choose(page, "hook-vm.add_disk", "uncertain");
    await run(page);
    assert.match(await answer(page),
        /^A: map_to_guest: ETIMEDOUT at disk\.reserved\.attach, hook vm/);
    assert.equal(await page.locator(".instance > .head .chip").first().textContent(), "suspect");
    assert.match(await said(page), /^Step 2: A: map_to_guest: ETIMEDOUT/);
    await choose(page, "op", "map_to_guest");
    await choose(page, "hook-vm.has_disk", "no");
    await choose(page, "hook-guest.mount", "fail");
    await page.locator('[data-hook="guest.mount"] [data-of="error"]').selectOption("EPERM");
    await run(page);
    assert.match(await answer(page), /EPERM at mount\.reserved\.mount, hook guest\.mount/);
    const lines = await page.locator("#lines").inputValue();
    assert.deepEqual(JSON.parse(lines.split("\n")[2]).fail, [
        {hook: "vm.has_disk", outcome: "no"},
        {hook: "guest.mount", outcome: "fail", error: "EPERM"}]);
}

export async function callers_have_their_own_reservations({open}) {
    const page = await open("scsi.html");
    await run(page);
    await choose(page, "who", "B");
    const chosen = page.locator("#simulator form input[name=op]:checked");
    assert.equal(await chosen.inputValue(), "reserve");
    await run(page);
    assert.equal(await answer(page), "B: reserve: ok, reservation r2");
    assert.match(await page.locator(".instance .holders").first().textContent(), /A r1B r2/);
    await choose(page, "op", "unmap_from_guest");
    await run(page);
    assert.match(await page.locator(".trail").textContent(), /still held/);
    assert.match(await page.locator(".instance .holders").first().textContent(), /A r1/);
    await choose(page, "who", "A");
    await choose(page, "op", "discard");
    await run(page);
    assert.equal(await answer(page), "discard: ok");
}

export async function the_reader_goes_back_and_forward({open}) {
    const page = await open("scsi.html");
    for (let n = 0; n < 3; n++)
        await run(page);
    const chips = () => page.locator(".instance > .head .chip").allTextContents();
    assert.deepEqual(await chips(), []);
    await page.click("#sim-back");
    assert.deepEqual(await chips(), ["attached", "mounted"]);
    await page.click("#sim-first");
    assert.equal(await page.locator("#sim-at").textContent(), "step 0 of 3");
    assert.equal(await count(page, ".ran"), 0);
    await page.click("#sim-last");
    assert.match(await answer(page), /unmap_from_guest: ok/);
    await page.locator(".history button").nth(0).click();
    assert.deepEqual(await chips(), ["reserved", "reserved"]);
    await choose(page, "op", "unmap_from_guest");
    await run(page);
    assert.equal(await page.locator("#sim-at").textContent(), "step 2 of 2");
}

export async function a_link_has_the_whole_conversation({open}) {
    const page = await open("kitchen.html");
    await run(page);
    await choose(page, "who", "B");
    await run(page);
    await run(page);
    await page.click("#sim-back");
    const shown = await page.locator("#results").innerText();
    const lines = await page.locator("#lines").inputValue();
    await page.click("#sim-share");
    await page.locator("#sim-share", {hasText: "Link copied"}).waitFor();
    const link = await page.evaluate(() => navigator.clipboard.readText());
    assert.match(link, /^file:.*#sim=z[\w-]+$/);
    const other = await open("kitchen.html", {hash: link.slice(link.indexOf("#"))});
    await reads(other, "#sim-at", "step 2 of 3");
    assert.equal(await other.locator("#results").innerText(), shown);
    assert.equal(await other.locator("#lines").inputValue(), lines);
    const plain = `#sim=p${encodeURIComponent('[1, ["C", {"op": "drain"}]]')}`;
    const third = await open("kitchen.html", {hash: plain});
    await reads(third, "#sim-at", "step 1 of 1");
}

/** The lines of the page, played by the C simulator and by the page, end in the same state. */
export async function lines_run_on_the_simulator_in_c({open}) {
    for (const name of ["scsi", "vpci"]) {
        const page = await open(`${name}.html`);
        await run(page);
        await choose(page, "who", "B");
        await run(page);
        const hook = name === "scsi" ? "vm.add_disk" : "vm.add_device";
        await choose(page, `hook-${hook}`, "uncertain");
        await run(page);
        await choose(page, "who", "A");
        await run(page);
        const lines = await page.locator("#lines").inputValue();
        const played = spawnSync(`${process.env.BERTH_BUILD}/${name}/${name}-sim`, {input: lines});
        assert.equal(played.status, 0);
        const answers = played.stdout.toString().trim().split("\n").map(line => JSON.parse(line));
        assert.equal(answers.length, 4);
        for (const [n, one] of answers.entries()) {
            await page.locator(".history button").nth(n).click();
            assert.match(await answer(page), one.ok ? /: ok/ : new RegExp(`: ${one.error} at `));
            const [root] = Object.keys(one.state).filter(key => key !== "reservations");
            const chip = page.locator(".instance > .head .chip").first();
            assert.equal(await chip.textContent(), one.state[root][0].state);
            const calls = await page.locator(".calls-log .now").allTextContents();
            assert.deepEqual(calls.map(text => text.replace(/^\d+/, "")),
                one.calls.map(call => `${call.hook}${call.outcome}`));
        }
    }
}

export async function pasted_lines_and_traces_are_played({open, folder}) {
    const page = await open("scsi.html");
    await page.locator("summary", {hasText: "As lines"}).click();
    await page.fill("#lines", '{"op": "reserve", "disk": {"host_path": "/z"}, "mount": {}}\n\n'
        + '{"request": {"op": "map_to_guest", "reservation": "r1"}, "expect": {}}\n');
    await page.click("#sim-play");
    assert.match(await answer(page), /^A: map_to_guest: ok/);
    assert.match(await page.locator(".instance .values").first().textContent(), /host_path \/z/);
    await page.fill("#lines", '{"op": "drain"}\n{"op": 7}\n');
    await page.click("#sim-play");
    assert.match(await page.locator("#lines-problem").textContent(), /^line 2 is no request/);
    await page.fill("#lines", '{"op": "no_such"}\n');
    await page.click("#sim-play");
    assert.match(await answer(page), /malformed/);
    const [file] = await Promise.all([page.waitForEvent("download"), page.click("#sim-save")]);
    assert.equal(readFileSync(await file.path(), "utf8"), '{"op": "no_such"}\n');
    await page.setInputFiles("#lines-file", `${folder}/trace.jsonl`);
    await reads(page, ".answer .big", "drain");
}

export async function a_finding_is_played_step_by_step({open}) {
    const page = await open("net.html");
    await page.click("#tab-findings");
    const finding = page.locator(".finding.error", {hasText: "leak"}).first();
    await finding.locator("[data-show-line]").first().click();
    assert.equal(await count(page, "#spec .is-marked"), 1);
    await page.click("#tab-findings");
    await finding.locator("[data-play]").click();
    assert.equal(await page.locator("#sim-at").textContent(), "step 1 of 3");
    assert.equal(await answer(page), "A: reserve: ok, reservation r1");
    await page.keyboard.press("]");
    assert.match(await answer(page), /^A: open: ETIMEDOUT at tap\.idle\.open, hook host\.open$/);
    const told = page.locator("#plays");
    assert.match(await told.textContent(), /^The finding that is played: leakThe tap ends and/);
    await page.keyboard.press("]");
    assert.equal(await answer(page), "A: release: ok");
    assert.equal(await count(page, ".instance:not(.gone)"), 0);
    assert.match(await told.textContent(), /^The finding that this step shows: leakThe tap ends/);
    await choose(page, "op", "drain");
    await run(page);
    assert.ok(!(await told.isVisible()));
}

export async function findings_of_a_stored_spec_are_played_unless_the_process_dies({open}) {
    const page = await open("kept.html");
    await page.click("#tab-findings");
    const finding = id => page.locator(".finding.error", {has: page.locator(`text="${id}"`)});
    const crash = finding("dangling").first();
    assert.match(await crash.textContent(), /In this script the process dies\. .*no store/);
    assert.equal(await crash.locator("[data-play]").count(), 0);
    const leak = finding("leak").first();
    const told = await leak.locator('.script [data-label="answer"]').allTextContents();
    await leak.locator("[data-play]").click();
    const calls = await page.locator(".calls-log li").allTextContents();
    assert.deepEqual(calls, ["1vm.add_plan9fails"]);
    assert.equal(await page.locator("#sim-at").textContent(), "step 1 of 1");
    assert.match(await answer(page), /^A: add_to_vm: EIO at share\.pending\.add, hook vm/);
    assert.match(told[0], /EIO/);
    assert.match(await page.locator(".instance .holders").textContent(), /1 reference/);
}

export async function lines_of_a_stored_manager_have_owners_and_are_played({open}) {
    const page = await open("kept.html");
    await choose(page, "who", "B");
    await run(page);
    const lines = await page.locator("#lines").inputValue();
    assert.equal(JSON.parse(lines).owner, "B");
    await page.locator("summary", {hasText: "As lines"}).click();
    await page.click("#sim-play");
    assert.match(await answer(page), /^B: add_to_vm: ok/);
    for (const [line, says] of [
        ['{"op": "drain", "die": 1}', /die needs a store, and here is none/],
        ['{"op": "drain", "refuse": 1}', /refuse needs a store/],
        ['{"op": "recover"}', /recover needs a store, .* kept-sim and berthc sim play it/],
    ]) {
        await page.fill("#lines", line);
        await page.click("#sim-play");
        assert.match(await answer(page), says);
    }
}

export async function the_keyboard_is_enough({open}) {
    const page = await open("scsi.html");
    const focused = of => page.evaluate(name => document.activeElement.getAttribute(name), of);
    await page.keyboard.press("Tab");
    assert.equal(await focused("class"), "skip");
    await page.keyboard.press("Enter");
    let stops = 0;
    while (!(await focused("data-state")) && stops++ < 30)
        await page.keyboard.press("Tab");
    assert.equal(await focused("data-state"), "disk.reserved");
    await page.keyboard.press("ArrowRight");
    assert.equal(await focused("data-state"), "disk.attached");
    await page.keyboard.press("Enter");
    assert.equal(await count(page, '.grid .is-marked[data-state="disk.attached"]'), 1);
    await page.keyboard.press("Escape");
    assert.equal(await count(page, ".is-marked"), 0);
    // the diagram and the table are one stop each
    await page.locator("#resource-disk summary").first().focus();
    const stopsOf = [];
    for (let n = 0; n < 4; n++) {
        await page.keyboard.press("Tab");
        stopsOf.push(await page.evaluate(() => document.activeElement.closest("svg") ? "picture"
            : document.activeElement.closest(".grid") ? "table" : "other"));
    }
    assert.equal(stopsOf.filter(one => one === "picture").length, 1);
    assert.equal(stopsOf.filter(one => one === "table").length, 1);
    await page.locator('svg g[data-state="disk.reserved"]').focus();
    await page.keyboard.press("ArrowDown");
    assert.notEqual(await focused("data-rows") || await focused("data-state"), "disk.reserved");
    await page.keyboard.press("Enter");
    assert.ok(await count(page, ".grid .is-marked"));
    await page.keyboard.press("2");
    assert.equal(await focused("id"), "panel-sim");
    for (const expected of ["reserve", "map_to_guest", "unmap_from_guest"]) {
        await page.keyboard.press("r");
        assert.match(await answer(page), new RegExp(`^A: ${expected}: ok`));
    }
    await page.keyboard.press("[");
    assert.equal(await page.locator("#sim-at").textContent(), "step 2 of 3");
    await page.keyboard.press("3");
    assert.equal(await page.locator("#tab-spec").getAttribute("aria-selected"), "true");
    await page.keyboard.press("?");
    assert.ok(await page.locator("#keys").isVisible());
    await page.keyboard.press("Escape");
    assert.ok(!(await page.locator("#keys").isVisible()));
    await page.locator("#tab-spec").focus();
    await page.keyboard.press("ArrowRight");
    assert.equal(await page.locator("#tab-findings").getAttribute("aria-selected"), "true");
    // a letter that is typed into a field is a letter
    await page.keyboard.press("2");
    await choose(page, "op", "reserve");
    await page.locator("#arg-disk\\.host_path").fill("");
    await page.locator("#arg-disk\\.host_path").pressSequentially("r?t2");
    assert.equal(await page.locator("#arg-disk\\.host_path").inputValue(), "r?t2");
    assert.equal(await page.locator("#sim-at").textContent(), "step 2 of 3");
}

export const axe_finds_nothing_on_a_phone = axeAt([360, 780]);
export const axe_finds_nothing_on_a_tablet = axeAt([800, 1000]);
export const axe_finds_nothing_on_a_wide_screen = axeAt([1440, 900]);

/** Every view of the pages, in both modes. In the dark only colours can differ. */
function axeAt(size) {
    return async ({open, axe}) => {
        for (const file of ["scsi.html", "net.html", "index.html"]) {
            const page = await open(file, {size});
            await page.evaluate(readFileSync(axe, "utf8"));
            const check = async where => {
                for (const colorScheme of ["light", "dark"]) {
                    await page.emulateMedia({colorScheme});
                    await faultless(page, `${file} ${size[0]} ${colorScheme} ${where}`,
                        colorScheme === "dark");
                }
            };
            await check("first");
            if (file === "index.html")
                continue;
            for (const details of await page.locator("#main details > summary").all())
                await details.click();
            await page.locator(".grid [data-row]").first().click();
            await check("opened and marked");
            for (const view of ["sim", "spec", "findings"]) {
                await page.click(`#tab-${view}`);
                if (view === "sim") {
                    await run(page);
                    const hook = file === "scsi.html" ? "vm.add_disk" : "host.open";
                    await choose(page, `hook-${hook}`, "fail");
                    await run(page);
                    await page.locator("summary", {hasText: "As lines"}).click();
                }
                await check(view);
            }
            await page.click("#show-keys");
            await check("keys");
        }
    };
}

/** The policy forbids other scripts, so the rules are evaluated by the driver. */
async function faultless(page, where, coloursOnly) {
    const found = await page.evaluate(only => axe.run(document, {
        runOnly: only ? {type: "rule", values: ["color-contrast"]} : {type: "tag", values: [
            "wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]},
    }), coloursOnly);
    assert.deepEqual(found.violations.map(one =>
        [where, one.id, one.nodes.map(node =>
            `${node.html.slice(0, 160)}: ${node.failureSummary}`).slice(0, 4)]), []);
}

export async function nothing_is_wider_than_a_phone({open}) {
    for (const file of ["scsi.html", "vpci.html", "kitchen.html", "net.html", "kept.html",
        "index.html"]) {
        for (const width of [320, 360, 800, 1100, 1440]) {
            const page = await open(file, {size: [width, 800]});
            const views = file === "index.html" ? [] : ["sim", "spec", "findings"];
            const wide = () => page.evaluate(
                () => document.documentElement.scrollWidth - innerWidth);
            assert.ok(await wide() <= 0, `${file} at ${width}`);
            for (const view of views) {
                await page.click(`#tab-${view}`);
                if (view === "sim") {
                    await run(page);
                    await run(page);
                }
                assert.ok(await wide() <= 0, `${file} at ${width}, ${view}`);
                const panel = await beyond(page.locator(`#panel-${view}`));
                assert.ok(panel <= 0, `${file} at ${width}, ${view}: the panel by ${panel}`);
            }
            await page.context().close();
        }
    }
}

export async function an_overview_has_no_empty_column({open}) {
    for (const width of [1100, 1440, 1920]) {
        const page = await open("scsi.html", {size: [width, 900]});
        const box = name => page.locator(name).boundingBox();
        const [cards, owns] = [await box(".cards"), await box(".owns")];
        assert.equal(owns.width, cards.width);
        const figure = await box(".owns figure");
        const words = await box(".owns .sides > :last-child");
        assert.ok(width < 1440 || words.x > figure.x + figure.width && figure.width > words.width);
        await page.context().close();
    }
}

export async function a_phone_shows_all_links_and_scripts_without_scrolling_sideways({open}) {
    const page = await open("scsi.html", {size: [360, 780]});
    const over = name => beyond(page.locator(name).first());
    assert.equal(await over(".top nav"), 0);
    await page.evaluate(() => scrollTo({top: 1500, behavior: "instant"}));
    const shown = async name => (await page.locator(name).boundingBox()).y >= 0;
    assert.ok(await shown(".top nav"));
    assert.ok(!(await shown("#theme")));
    await page.keyboard.press("Tab");
    await page.locator("#theme").focus();
    assert.ok(await shown("#theme"), "what has the focus is in sight");
    const net = await open("net.html", {size: [360, 780]});
    await net.click("#tab-findings");
    assert.ok(await net.locator(".script").count() > 0);
    for (const one of await net.locator("#panel-findings .scroll").all())
        assert.equal(await one.evaluate(box => box.scrollWidth - box.clientWidth), 0);
}

export async function links_that_do_not_fit_are_hinted_at({open}) {
    const page = await open("kitchen.html", {size: [320, 780]});
    const nav = page.locator(".top nav");
    assert.ok(await nav.evaluate(one => one.scrollWidth > one.clientWidth));
    const attachment = await nav.evaluate(one => getComputedStyle(one).backgroundAttachment);
    assert.match(attachment, /local.*scroll/);
}

export async function a_wide_diagram_begins_at_its_initial_state({open}) {
    const page = await open("large.html", {size: [375, 800]});
    const picture = page.locator("#resource-thing .picture");
    await picture.scrollIntoViewIfNeeded();
    assert.ok(await beyond(picture) > 100);
    const [frame, state] = [await picture.boundingBox(),
        await picture.locator("[data-state='thing.stage_0']").boundingBox()];
    assert.ok(state.x >= frame.x && state.x + state.width <= frame.x + frame.width,
        `${state.x} in ${frame.x}`);
}

export async function a_narrow_page_has_all_other_events_of_a_state_in_one_line({open}) {
    const page = await open("large.html", {size: [375, 800]});
    const line = page.locator("[data-line-of='thing.stage_0']");
    const shown = () => line.locator("td:visible").evaluateAll(cells =>
        cells.map(cell => [cell.dataset.label, cell.textContent.trim()]));
    const narrow = await shown();
    assert.deepEqual(narrow.map(([label]) => label), ["claim", "go_0", "all else", "release"].sort(
        (one, other) => (one === "all else") - (other === "all else")));
    assert.equal(narrow.at(-1)[1], "EINVAL");
    await page.setViewportSize({width: 1440, height: 900});
    const wide = await shown();
    assert.ok(wide.length > 10 && wide.every(([label]) => label !== "all else"));
}

export async function frames_of_a_large_diagram_are_dark_in_the_dark({open}) {
    for (const mode of ["dark", "light"]) {
        const page = await open("large.html", {mode});
        const frames = await page.locator("#resource-thing svg .cluster path").evaluateAll(all =>
            all.map(one => [getComputedStyle(one).fill, getComputedStyle(one).stroke]));
        assert.ok(frames.length >= 3);
        const stroke = mode === "dark" ? "rgb(77, 91, 106)" : "rgb(182, 194, 207)";
        for (const frame of frames)
            assert.deepEqual(frame, ["none", stroke]);
    }
}

export async function a_narrow_page_shows_one_view_at_a_time({open}) {
    const page = await open("scsi.html", {size: [360, 780]});
    assert.ok(await page.locator("#overview").isVisible());
    assert.ok(!(await page.locator("#simulator").isVisible()));
    await page.click('#operation-reserve [data-try="reserve"]');
    assert.ok(await page.locator("#simulator").isVisible());
    assert.ok(!(await page.locator("#overview").isVisible()));
    await page.click("#tab-spec");
    await page.locator("#spec .ln", {hasText: "detach: {call: guest.eject, ok"}).first().click();
    assert.ok(await page.locator("#chosen").isVisible());
    await page.click("#tab-main");
    assert.equal(await count(page, `.grid .is-marked[data-row="${DETACH}"]`), 1);
    await page.setViewportSize({width: 1440, height: 900});
    assert.ok(await page.locator("#overview").isVisible());
    assert.ok(await page.locator("#panel-sim").isVisible());
}

export async function a_view_of_a_narrow_page_begins_at_its_top_and_keeps_its_place({open}) {
    const page = await open("scsi.html", {size: [360, 780]});
    const at = () => page.evaluate(() => scrollY);
    await page.evaluate(() => scrollTo({top: 3000, behavior: "instant"}));
    await page.click("#tab-sim");
    assert.equal(await at(), 0);
    await page.evaluate(() => scrollTo({top: 200, behavior: "instant"}));
    await page.click("#tab-main");
    assert.equal(await at(), 3000);
    await page.click("#tab-sim");
    assert.equal(await at(), 200);
}

export async function the_reader_chooses_light_or_dark({open}) {
    const page = await open("scsi.html", {mode: "dark"});
    const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const state = () => page.locator('svg g[data-state="disk.attached"] path').first()
        .evaluate(one => getComputedStyle(one).fill);
    const [dark, darkState] = [await paper(), await state()];
    await page.click("#theme");
    assert.notEqual(await paper(), dark);
    assert.notEqual(await state(), darkState);
    await page.reload();
    assert.notEqual(await paper(), dark);
    await page.keyboard.press("t");
    assert.equal(await paper(), dark);
}

export async function what_is_printed_has_tables_and_spec_on_white({open}) {
    const page = await open("scsi.html", {mode: "dark"});
    await page.emulateMedia({media: "print", colorScheme: "dark"});
    for (const selector of ["#overview", "#resource-disk .grid", "#spec", "#resource-disk svg"])
        assert.ok(await page.locator(selector).isVisible(), selector);
    for (const selector of ["#simulator", ".top", ".tabs", "#chosen", ".enlarge >> nth=0"])
        assert.ok(!(await page.locator(selector).isVisible()), selector);
    const paper = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    assert.equal(paper, "rgb(255, 255, 255)");
    const cut = await page.evaluate(() => [...document.querySelectorAll(".content, .scroll, .spec")]
        .filter(one => getComputedStyle(one).overflowX !== "visible").length);
    assert.equal(cut, 0);
    assert.ok((await page.pdf()).length > 20000);
}

export async function without_scripts_the_tables_are_there({open}) {
    const page = await open("scsi.html");
    const other = await page.context().browser().newContext({javaScriptEnabled: false});
    const bare = await other.newPage();
    await bare.goto(page.url());
    assert.ok(await bare.locator("#resource-disk .grid").isVisible());
    assert.match(await bare.locator("noscript, .note").first().textContent(), /needs JavaScript/);
}

export async function a_hostile_link_or_line_leaves_the_simulator_usable({open}) {
    const request = '{"op": "reserve", "tap": {"name": "a"}}';
    for (const [link, at] of [
        [`p[-5, ["A", ${request}]]`, "0"], [`p[9, ["A", ${request}]]`, "1"], ["p[0.5]", "0"],
        ["p[1, 5]", "0"], ["p[1, null]", "0"], ['p[1, ["A", {"op": {}}]]', "0"], ["z!", "0"],
        ["zgDgDgDgD", "0"], ['p[1, ["<img src=x>", {"op": "__proto__"}]]', "1"],
        ['p[1, ["A", {"op": "open", "reservation": {}}]]', "1"],
    ]) {
        const page = await open("net.html", {hash: `#sim=${encodeURIComponent(link)}`});
        const spoken = at === "0" ? "has no conversation" : "Step 1:";
        await page.waitForFunction(text => [...document.querySelectorAll("[aria-live]")]
            .some(one => one.textContent.includes(text)), spoken);
        assert.equal(await page.locator("#sim-at").textContent(), `step ${at} of ${at}`, link);
        await page.evaluate(() => document.querySelector("#simulator form").requestSubmit());
        assert.match(await page.locator("#sim-at").textContent(), new RegExp(`^step ${+at + 1}`));
        assert.equal(await count(page, "img"), 0);
        await page.context().close();
    }
    const page = await open("net.html");
    await page.locator("summary", {hasText: "As lines"}).click();
    for (const [line, says] of [
        ["{}", /line 1 is no request: it has no "op"/], ["5", /has no "op"/], ["null", /no "op"/],
        [`${request}\ngarbage`, /line 2 is no request: it must be one JSON object/],
        ["[".repeat(100000), /must be one JSON object/],
        ['{"request": {"op": "reserve", "tap": {"name": "a"}}, "expect": {}}', /reserve: ok/],
        ['{"op": "reserve", "request": {"name": "a"}}', /unknown argument 'request'/],
        ['{"op": "reserve", "tap": {"name": "\\u0000"}}', /text cannot hold a NUL/],
    ]) {
        await page.fill("#lines", line);
        await page.click("#sim-play");
        assert.match(await page.locator("#lines-problem").textContent()
            + (await page.locator("#results .answer .big").allTextContents()).join(), says);
    }
}

export async function a_hostile_spec_does_nothing({open, problems}) {
    const page = await open("hostile.html");
    let asked = false;
    page.on("dialog", () => {
        asked = true;
    });
    await page.locator('.grid [data-row="tap.idle.open.0"]').click();
    await run(page);
    await run(page);
    assert.equal(asked, false);
    assert.equal(await count(page, "img, iframe"), 0);
    assert.equal(await count(page, "script"), 3);
    assert.match(await page.locator("#overview .lede").textContent(), /<\/script><script>alert/);
    const blocked = await page.evaluate(async () => {
        try {
            await fetch("https://example.org/");
            return "open";
        } catch {
            return "closed";
        }
    });
    assert.equal(blocked, "closed");
    const policy = problems.splice(0);
    assert.ok(policy.length > 0 && policy.every(one => /Content Security Policy/.test(one)));
}

export async function a_spec_is_shown_again_when_it_is_saved({open}) {
    const {writeFileSync} = await import("node:fs");
    const {URL: url, SPEC: spec} = process.env;
    const text = readFileSync(spec, "utf8");
    const page = await open("", {url});
    await run(page);
    await page.click("#sim-share");
    await page.locator("#sim-share", {hasText: "Link copied"}).waitFor();
    writeFileSync(spec, text.replace("SCSI disks", "Changed disks"));
    await reads(page, ".lede", "Changed disks");
    await reads(page, "#sim-at", "step 1 of 1");
    writeFileSync(spec, text.replace("initial: reserved", "initial: resrved"));
    await page.waitForSelector("#broken");
    assert.match(await page.locator("#broken").textContent(), /resrved[^]*did you mean 'reserved'/);
    assert.equal(await count(page, "#spec .wrong-line"), 1);
    assert.match(await page.locator(".lede").first().textContent(), /^Changed disks/);
    writeFileSync(spec, text);
    await reads(page, ".lede", "SCSI disks");
    assert.equal(await count(page, "#broken"), 0);
}
