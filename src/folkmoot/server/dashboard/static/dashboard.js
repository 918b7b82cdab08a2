// Theme, connection and copying; loaded in the head, before anything is drawn.
(() => {
  const KEY = "folkmoot-theme";
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");

  function chosen() {
    try {
      return localStorage.getItem(KEY) || "system";
    } catch {
      return "system"; // storage is not allowed
    }
  }

  function apply() {
    const dark = chosen() === "dark" || (chosen() === "system" && system.matches);
    root.dataset.theme = dark ? "dark" : "light";
    window.Quasar?.Dark?.set(dark);
  }

  function choose(theme) {
    try {
      localStorage.setItem(KEY, theme);
    } catch {
      // it holds for this page
    }
    apply();
  }

  // Told once a page is over: where to sign in again, or the same page as it may be seen now.
  function leave(why) {
    if (!why) return location.reload();
    const next = encodeURIComponent(location.pathname + location.search);
    location.assign(`/dashboard/login?why=${why}${why === "ended" ? `&next=${next}` : ""}`);
  }

  async function copy(button) {
    const text = button.parentElement.querySelector("code").textContent;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // Without TLS browsers have no clipboard: select it, so that the usual key does it.
      getSelection().selectAllChildren(button.parentElement.querySelector("code"));
      button.textContent = "Selected";
      return;
    }
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy"), 2000);
  }

  // NiceGUI shows that the connection is lost in a box of its own; here it is a banner, which is read out too.
  function connection() {
    const box = document.getElementById("popup");
    const place = document.getElementById("connection");
    if (!box || !place) return;
    const lost = box.getAttribute("aria-hidden") === "false";
    const text = lost ? "The connection is lost. What you see may be old; this page reconnects by itself." : "";
    if (place.textContent !== text) place.textContent = text;
  }

  // Times in the reader's zone.
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

  function offer() {
    const select = document.getElementById("theme");
    if (!select) return false;
    apply();
    select.value = chosen();
    select.addEventListener("change", () => choose(select.value));
    return true;
  }

  window.folkmoot = { choose, leave, copy };
  apply();
  system.addEventListener("change", apply);
  addEventListener("storage", apply);
  new MutationObserver(() => localTimes(document)).observe(root, { childList: true, subtree: true });
  document.addEventListener("DOMContentLoaded", () => {
    apply();
    const box = document.getElementById("popup");
    if (!box) return;
    new MutationObserver(connection).observe(box, { attributes: true, attributeFilter: ["aria-hidden"] });
    // The page may have been drawn before this, or not.
    if (!offer()) {
      new MutationObserver((_, observer) => offer() && observer.disconnect()).observe(document.body, {
        childList: true,
        subtree: true,
      });
    }
  });
})();
