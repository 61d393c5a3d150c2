// Enrolling with the browser's camera: a picture goes the same way as an uploaded file.
const box = document.getElementById("lens");
const video = box.querySelector("video");
const open = box.querySelector("[data-open]");
const shoot = box.querySelector("[data-shoot]");
const status = box.querySelector("[role=status]");

open.addEventListener("click", async () => {
  try {
    video.srcObject = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 1280 }, facingMode: "user" } });
  } catch {
    status.textContent = box.dataset.refused;
    return;
  }
  status.textContent = "";
  video.hidden = shoot.hidden = false;
  open.hidden = true;
  await video.play();
});

shoot.addEventListener("click", async () => {
  const canvas = document.createElement("canvas");
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  canvas.getContext("2d").drawImage(video, 0, 0);
  const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.92));
  const files = new DataTransfer();
  files.items.add(new File([blob], "camera.jpg", { type: "image/jpeg" }));
  document.getElementById("photos").files = files.files;
  window.htmx.trigger("#photo-form", "submit");
});

addEventListener("pagehide", () => video.srcObject?.getTracks().forEach((track) => track.stop()));
