// On the receipt of a sale just made: the till forgets its draft. Reads [data-till-sold="shop:user"].

import { forgetDraft } from "./draft.js";

forgetDraft(`till:${document.querySelector("[data-till-sold]").dataset.tillSold}`);
