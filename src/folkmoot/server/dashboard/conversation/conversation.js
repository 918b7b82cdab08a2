// A chat's page: staying at the end of the transcript, the draft of a message, uploads, times in the reader's zone.
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

  function localTimes(root) {
    for (const time of root.querySelectorAll?.("time[datetime]:not([data-local])") ?? []) {
      time.dataset.local = "yes";
      const when = new Date(time.dateTime);
      if (Number.isNaN(when.valueOf())) continue;
      const today = when.toDateString() === new Date().toDateString();
      time.textContent = today ? when.toLocaleTimeString() : when.toLocaleString();
      time.title = time.dateTime;
    }
  }

  window.folkmootChat = { follow, show, said, sent, upload };
  new MutationObserver(() => {
    restore();
    localTimes(document);
  }).observe(document.documentElement, { childList: true, subtree: true });
})();
