// What is typed on a card: read when a button is pressed, kept for as long as the tab lasts.
(() => {
  const form = () => document.getElementById("decide");
  const key = (field) => `folkmoot-request-${field.dataset.draft}`;
  const fields = () => [...(form()?.querySelectorAll("[data-field]") ?? [])];

  function keep(field) {
    try {
      if (field.value === field.defaultValue) sessionStorage.removeItem(key(field));
      else sessionStorage.setItem(key(field), field.value);
    } catch {
      // storage is not allowed: what is typed lives as long as the page
    }
  }

  function restore() {
    for (const field of fields()) {
      if (field.dataset.ready) continue;
      field.dataset.ready = "yes";
      try {
        field.value = sessionStorage.getItem(key(field)) ?? field.value;
      } catch {
        // as above
      }
      if (field.value !== field.defaultValue) field.closest("details")?.setAttribute("open", "");
      field.addEventListener("input", () => keep(field));
    }
  }

  function read() {
    return Object.fromEntries([["hash", form()?.dataset.hash ?? ""], ...fields().map((field) => [field.dataset.field, field.value])]);
  }

  function sent() {
    for (const field of fields()) {
      field.value = field.defaultValue;
      keep(field);
    }
  }

  window.folkmootRequest = { read, sent };
  new MutationObserver(restore).observe(document.documentElement, { childList: true, subtree: true });
})();
