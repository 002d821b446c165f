// Load the curves of running trainings again every five seconds. Without this script the page is reloaded by hand.
"use strict";
const live = document.getElementById("sem-live");
setInterval(async () => {
  if (!live || document.hidden) return;
  try {
    const answer = await fetch(location.href, { credentials: "same-origin" });
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("sem-live");
    if (fresh) live.replaceChildren(...fresh.childNodes);
  } catch { /* the server is not there now: try again */ }
}, 5000);
