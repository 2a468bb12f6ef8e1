// The page of a manager.
import {startDock} from "./dock.js";
import {block} from "./dom.js";
import {startKeys} from "./keys.js";
import {startLive} from "./live.js";
import {startMarks} from "./mark.js";
import {startPictures} from "./pictures.js";
import {startRoving} from "./roving.js";
import {startSimulator} from "./simulator.js";
import {startTheme} from "./theme.js";

const page = block("data");

startTheme();
startDock();
startPictures();
startRoving(document);
startMarks(page.items);
startKeys(startSimulator(page, block("tables")));
if (page.live)
    startLive(page.live);
