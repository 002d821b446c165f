// Show the value of a slider while it moves. Without this script the value of the page's image stays.
"use strict";
for (const output of document.querySelectorAll("output[for]")) {
  const slider = document.getElementById(output.htmlFor.value);
  slider.addEventListener("input", () => { output.value = slider.value; });
}
