// Imported before anything else by a member: its wall clock is wrong by CHAOS_SKEW_MS.
const skewMs = Number(process.env.CHAOS_SKEW_MS ?? 0);

if (skewMs !== 0) {
  globalThis.Date = new Proxy(Date, {
    construct: (date, args, target) =>
      Reflect.construct(date, args.length === 0 ? [date.now() + skewMs] : args, target),
    apply: (date) => new date(date.now() + skewMs).toString(),
    get: (date, property) =>
      property === 'now' ? () => date.now() + skewMs : Reflect.get(date, property, date),
  });
}
