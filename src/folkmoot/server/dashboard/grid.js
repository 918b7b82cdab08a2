// A table whose rows change in place: focus and selection stay with them. At phone width each row is a card.
export default {
  template: `
    <div class="table-wrap grid" :aria-busy="busy ? 'true' : null">
      <table class="table" role="table">
        <caption class="visually-hidden">{{ caption }}</caption>
        <thead role="rowgroup">
          <tr role="row">
            <th v-if="selectable" scope="col" role="columnheader" class="check">
              <input type="checkbox" aria-label="Select all on this page" :checked="all" :indeterminate.prop="some && !all"
                :disabled="!rows.length" @change="selectAll($event.target.checked)">
            </th>
            <th v-for="column in columns" :key="column.key" scope="col" role="columnheader"
              :class="{ num: column.kind === 'num' || column.kind === 'age' }">{{ column.label }}</th>
          </tr>
        </thead>
        <tbody role="rowgroup">
          <tr v-for="row in rows" :key="row.id" role="row" :class="{ selected: chosen.has(row.id) }">
            <td v-if="selectable" role="cell" class="check">
              <input type="checkbox" :aria-label="'Select ' + row.id" :checked="chosen.has(row.id)"
                @change="select(row.id, $event.target.checked)">
            </td>
            <td v-for="column in columns" :key="column.key" role="cell" :data-label="column.label"
              :class="[column.kind, { num: column.kind === 'age', blank: blank(row, column) }]">
              <a v-if="column.kind === 'id'" :href="row.href">{{ row[column.key] }}</a>
              <span v-else-if="column.kind === 'status'" class="statuses">
                <span class="badge" :class="row[column.key]">{{ row[column.key] }}</span>
                <span v-if="row.failure" class="badge failed" :title="row.failure">run failed</span>
              </span>
              <span v-else-if="column.kind === 'age'" :title="row[column.key]">{{ age(row[column.key]) }}</span>
              <template v-else-if="column.kind === 'tags'">
                <span v-for="item in row[column.key]" :key="item.text" class="tag" :class="item.kind">{{ item.text }}</span>
              </template>
              <template v-else>{{ row[column.key] }}</template>
            </td>
          </tr>
        </tbody>
      </table>
    </div>`,
  props: { columns: Array, rows: Array, caption: String, selectable: Boolean, busy: Boolean },
  emits: ["chosen"],
  data() {
    return { chosen: new Set(), now: Date.now() };
  },
  computed: {
    some() {
      return this.rows.some((row) => this.chosen.has(row.id));
    },
    all() {
      return this.rows.length > 0 && this.rows.every((row) => this.chosen.has(row.id));
    },
  },
  watch: {
    // What has left the page is not commanded with what is there.
    rows(rows) {
      const there = new Set(rows.map((row) => row.id));
      const kept = [...this.chosen].filter((id) => there.has(id));
      if (kept.length !== this.chosen.size) this.choose(kept);
    },
  },
  mounted() {
    this.clock = setInterval(() => (this.now = Date.now()), 5000);
  },
  unmounted() {
    clearInterval(this.clock);
  },
  methods: {
    blank(row, column) {
      const value = row[column.key];
      return value === null || value === undefined || value === "" || value.length === 0;
    },
    select(id, on) {
      const next = new Set(this.chosen);
      on ? next.add(id) : next.delete(id);
      this.choose(next);
    },
    selectAll(on) {
      this.choose(on ? this.rows.map((row) => row.id) : []);
    },
    choose(ids) {
      this.chosen = new Set(ids);
      this.$emit("chosen", [...this.chosen]);
    },
    clear() {
      this.choose([]);
    },
    age(time) {
      if (!time) return "";
      const seconds = Math.max(0, Math.floor((Math.max(this.now, Date.now()) - Date.parse(time)) / 1000));
      if (seconds < 60) return `${seconds} s`;
      if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
      if (seconds < 172800) return `${Math.floor(seconds / 3600)} h`;
      return `${Math.floor(seconds / 86400)} d`;
    },
  },
};
