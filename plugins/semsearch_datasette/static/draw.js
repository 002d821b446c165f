// Draw an image to search by. Without this script the form uploads a file; only the canvas does not work.
"use strict";
for (const box of document.querySelectorAll(".sem-draw")) {
  const canvas = box.querySelector("canvas"), pen = canvas.getContext("2d");
  const form = box.closest("form"), field = form.querySelector("input[type=file]");
  let drawn = false, last = null;

  const clear = () => {
    pen.fillStyle = "#000";
    pen.fillRect(0, 0, canvas.width, canvas.height);
    drawn = false;
  };
  const place = (event) => {
    const frame = canvas.getBoundingClientRect();
    return [(event.clientX - frame.left) * canvas.width / frame.width, (event.clientY - frame.top) * canvas.height / frame.height];
  };
  const line = (event) => {
    const here = place(event);
    pen.strokeStyle = "#fff";
    pen.lineWidth = canvas.width / 13;
    pen.lineCap = pen.lineJoin = "round";
    pen.beginPath();
    pen.moveTo(...(last || here));
    pen.lineTo(...here);
    pen.stroke();
    last = here;
    drawn = true;
  };

  canvas.addEventListener("pointerdown", (event) => { canvas.setPointerCapture(event.pointerId); last = null; line(event); });
  canvas.addEventListener("pointermove", (event) => { if (event.buttons) line(event); });
  box.querySelector(".sem-draw-clear").addEventListener("click", clear);
  box.querySelector(".sem-draw-invert").addEventListener("click", () => {
    pen.globalCompositeOperation = "difference";
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.globalCompositeOperation = "source-over";
  });
  box.querySelector(".sem-draw-go").addEventListener("click", () => {
    if (!drawn) return;
    canvas.toBlob((blob) => {
      const files = new DataTransfer();
      files.items.add(new File([blob], "drawing.png", { type: "image/png" }));
      field.files = files.files;
      form.submit();
    });
  });
  clear();
}
