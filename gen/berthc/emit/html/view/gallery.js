// The page that leads to those of several managers.
import {block} from "./dom.js";
import {startLive} from "./live.js";
import {startTheme} from "./theme.js";

const page = block("data");

startTheme();
if (page.live)
    startLive(page.live);
