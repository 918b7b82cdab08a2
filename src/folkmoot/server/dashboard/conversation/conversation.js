// A chat's page: staying at the end of the transcript, the draft of a message, uploads; what was opened, chosen and
// focused stays so when the server draws it anew.
(() => {
  const NEAR = 120; // pixels from the end at which one still reads the end
  const box = () => document.getElementById("say");
  const key = () => `folkmoot-draft-${box()?.dataset.draft}`;

  function follow() {
    const place = document.getElementById("transcript");
    if (!place) return;
    const page = document.documentElement;
    let atEnd = true;
    const toEnd = () => (page.scrollTop = page.scrollHeight);
    addEventListener("scroll", () => (atEnd = page.scrollHeight - page.clientHeight - page.scrollTop < NEAR), { passive: true });
    const seen = new MutationObserver(() => atEnd && toEnd());
    for (const part of [place, document.getElementById("words")]) {
      if (part) seen.observe(part, { childList: true, subtree: true, characterData: true });
    }
    toEnd();
  }

  function show(id) {
    document.getElementById(id)?.scrollIntoView({ block: "start" });
  }

  function said() {
    return [box()?.value ?? "", document.getElementById("say-when")?.value ?? "queue"];
  }

  function keep(text) {
    try {
      if (text) sessionStorage.setItem(key(), text);
      else sessionStorage.removeItem(key());
    } catch {
      // storage is not allowed: the draft lives as long as the page
    }
  }

  function sent() {
    const here = box();
    if (here) here.value = "";
    keep("");
  }

  function restore() {
    const here = box();
    if (!here || here.dataset.ready) return;
    here.dataset.ready = "yes";
    try {
      here.value ||= sessionStorage.getItem(key()) ?? "";
    } catch {
      // as above
    }
    here.addEventListener("input", () => keep(here.value));
  }

  async function upload() {
    const form = document.getElementById("upload");
    const file = document.getElementById("state-file").files[0];
    const force = document.getElementById("state-force").checked;
    if (!file) return [false, "Choose a file first.", force];
    try {
      const answer = await fetch(`${form.dataset.to}?force=${force}`, { method: "PUT", body: file });
      const said = await answer.text();
      try {
        return [answer.ok, JSON.parse(said).detail, force];
      } catch {
        return [answer.ok, said, force];
      }
    } catch {
      return [false, "The server does not answer.", force];
    }
  }

  // By `data-keep`, which stays the same from one drawing to the next.
  const opened = new Map();
  const chosen = new Map();
  let focused = "";
  const kept = (node) => node?.closest?.("[data-keep]");

  document.addEventListener(
    "toggle",
    (event) => event.target.dataset.keep && event.target.isConnected && opened.set(event.target.dataset.keep, event.target.open),
    true,
  );
  document.addEventListener("change", ({ target }) => {
    if (target.type === "radio" && target.dataset.keep) chosen.set(target.name, target.dataset.keep);
  });
  document.addEventListener("focusin", ({ target }) => {
    focused = target.matches("summary, [data-keep]") ? kept(target)?.dataset.keep ?? "" : "";
  });

  function keepAsLeft() {
    for (const node of document.querySelectorAll("[data-keep]:not([data-kept])")) {
      const key = node.dataset.keep;
      node.dataset.kept = "yes";
      if (node.tagName === "DETAILS" && opened.has(key)) node.open = opened.get(key);
      if (node.type === "radio" && chosen.get(node.name) === key) node.checked = true;
      if (key === focused && document.activeElement === document.body) {
        (node.querySelector(":scope > summary") ?? node).focus({ preventScroll: true });
      }
    }
  }

  window.folkmootChat = { follow, show, said, sent, upload };
  new MutationObserver(() => {
    restore();
    keepAsLeft();
  }).observe(document.documentElement, { childList: true, subtree: true });
})();
