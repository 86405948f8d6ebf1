// How the search orders what it finds: a setting or a name of Python that is asked for by its whole name comes first,
// and pages come before the reference of packages. Pages that are opened as files cannot read each other, so that the
// search shows no excerpts there.
"use strict";

if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;

const SETTING = /^setting, /;
const NAME = /^Python (class|function|exception), /;
const asked = (new URLSearchParams(location.search).get("q") || "").trim().toLowerCase();

var Scorer = {
  score: ([page, title, anchor, description, score]) => {
    const name = title.toLowerCase();
    if (description && name === asked) return score + 300;
    if (NAME.test(description || "") && name.endsWith(`.${asked}`)) return score + 200 - name.length;
    if (SETTING.test(description || "")) return score + (name.startsWith(asked) ? 100 : 20);
    return page.startsWith("api/") ? score / 2 : score;
  },
  objNameMatch: 11,
  objPartialMatch: 6,
  objPrio: { 0: 15, 1: 5, 2: -5 },
  objPrioDefault: 0,
  title: 15,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
};
