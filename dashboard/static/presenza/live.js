// The live pages: one WebSocket, a snapshot, then numbered updates. A missed number asks for a new snapshot.
const list = document.querySelector("[data-live]");
const banner = document.getElementById("line-down");
const light = document.querySelector("[data-line]");
const RETRY_MS = [300, 8000];
const CONFIRM_MS = 200;

let socket, last = null, received = 0, confirmed = 0, retry = RETRY_MS[0], offset = 0, paused = false, held = [];
let downSince, confirmTimer;

function connect() {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  socket = new WebSocket(`${scheme}://${location.host}/live/${list.dataset.live}/?lang=${document.documentElement.lang}`);
  received = confirmed = 0;
  last = null;
  socket.addEventListener("open", () => { retry = RETRY_MS[0]; say({ ping: performance.now() }); });
  socket.addEventListener("message", (event) => take(JSON.parse(event.data)));
  socket.addEventListener("close", (event) => {
    light?.classList.remove("up");
    clearTimeout(downSince);
    downSince = setTimeout(() => { banner.hidden = false; }, 600);
    if (event.code === 4003) { location.reload(); return; }
    setTimeout(connect, retry * (0.5 + Math.random() / 2));
    retry = Math.min(RETRY_MS[1], retry * 2);
  });
}

function say(words) {
  if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(words));
}

function confirm() {
  clearTimeout(confirmTimer);
  confirmTimer = undefined;
  confirmed = received;
  say({ got: received });
}

function take(message) {
  if ("pong" in message) {
    offset = message.now - (Date.now() - (performance.now() - message.pong) / 2);
    return;
  }
  received += 1;
  if (received - confirmed >= 8) confirm(); else confirmTimer ??= setTimeout(confirm, CONFIRM_MS);
  if (paused && !message.snapshot) { held.push(message); if (held.length > 50) held.shift(); return; }
  apply(message);
}

function apply(message) {
  if (message.snapshot) {
    last = message.n;
    clearTimeout(downSince);
    banner.hidden = !message.down;
    light?.classList.toggle("up", !message.down);
    replaceAll(message);
  } else if (last !== null && message.n <= last) {
    return;
  } else if (last === null || message.n !== last + 1) {
    last = null;
    say({ resync: true, got: received });
    return;
  } else {
    last = message.n;
    if ("down" in message) { banner.hidden = !message.down; light?.classList.toggle("up", !message.down); }
    for (const row of message.rows ?? []) put(row, true);
    for (const card of message.cards ?? []) put(card, false);
  }
  for (const [name, value] of Object.entries(message.tiles ?? {})) tile(name, value);
  document.dispatchEvent(new CustomEvent("presenza:live", { detail: message }));
}

function element(html) {
  const holder = document.createElement("template");
  holder.innerHTML = html.trim();
  return holder.content.firstElementChild;
}

function replaceAll(message) {
  const wanted = message.rows ?? message.cards ?? [];
  const fresh = wanted.map((each) => element(each.html)).filter(Boolean);
  if (message.rows) fresh.reverse();
  const same = fresh.length === list.children.length && fresh.every((node, place) => node.isEqualNode(list.children[place]));
  if (!same) list.replaceChildren(...fresh);
  for (const node of list.children) filter(node);
}

function put(item, first) {
  const prefix = first ? "row-" : "camera-";
  const before = document.getElementById(prefix + item.id);
  const node = element(item.html);
  if (!node) { before?.remove(); return; }
  filter(node);
  if (first) {
    if (!before) node.classList.add("fresh");
    before?.remove();
    list.prepend(node);
    while (list.children.length > Number(list.dataset.keep)) list.lastElementChild.remove();
    delay(node);
  } else if (before) {
    before.replaceWith(node);
  } else {
    list.append(node);
  }
}

function delay(node) {
  const captured = Number(node.dataset.captured);
  const place = node.querySelector(".delay");
  if (!captured || !place) return;
  requestAnimationFrame(() => {
    const ms = Math.round(Date.now() + offset - captured);
    if (ms >= 0 && ms < 60000) place.textContent = `${ms} ms`;
  });
}

function tile(name, value) {
  const place = document.querySelector(`[data-tile="${CSS.escape(name)}"]`);
  if (!place || place.textContent === String(value)) return;
  place.textContent = value;
  place.classList.remove("bump");
  void place.offsetWidth;
  place.classList.add("bump");
}

const filters = document.getElementById("feed-filters");
function filter(node) {
  if (!filters) return;
  const group = filters.elements.group.value, camera = filters.elements.camera.value;
  node.hidden = Boolean((group && node.dataset.group !== group) || (camera && node.dataset.camera !== camera));
}
filters?.addEventListener("change", () => { for (const node of list.children) filter(node); });
filters?.addEventListener("submit", (event) => event.preventDefault());

const pause = document.getElementById("feed-pause");
pause?.addEventListener("click", () => {
  paused = !paused;
  pause.setAttribute("aria-pressed", paused);
  pause.querySelector("span").textContent = paused ? pause.dataset.go : pause.dataset.pause;
  list.classList.toggle("paused", paused);
  if (!paused) { const waiting = held; held = []; waiting.forEach(apply); }
});

const clock = document.getElementById("clock");
if (clock) {
  const zone = clock.dataset.zone || undefined;
  const form = new Intl.DateTimeFormat(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", timeZone: zone });
  const tick = () => { clock.textContent = form.format(Date.now() + offset); };
  tick();
  setInterval(tick, 1000);
}

if (list) connect();
