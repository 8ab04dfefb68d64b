/** Names of a model: as the texts have them where Promela and C let them be, each once. */

const TAKEN =
  // words of Promela, and what every model here calls its own
  `active assert atomic bit bool break byte c_code c_decl c_expr c_state c_track chan cond_expr d_step D_proctype do
  else empty enabled eval false fi full get_priority goto hidden if init inline int len ltl local mtype nempty never
  nfull notrace np_ od of pc_value pid pmtype printf printm priority proctype provided return run select set_priority
  short show skip timeout trace true typedef unless unsigned xr xs _pid _last _nr_pr _priority
  sound joined c i t x y n from to text_error boot rest question eventually
  RUNNABLE SLEEPING DEAD OUT IN
  auto case char const continue default double enum extern float for long register restrict signed sizeof static struct
  switch union void volatile while main now errno log exit abort malloc free memcpy memset strlen printf fork
  Index State uchar uint ulong ushort vsize depth nstates trans errors trpt boq hash`;

export type Name = (wanted: string) => string;

/** Gives each thing a name of its own, near to the one that is wanted. */
export function namer(): Name {
  const taken = new Set(TAKEN.split(/\s+/));
  return (wanted) => {
    const base = wanted.replace(/\W+/g, '_').replace(/^_+|_+$/g, '') || 'v';
    const plain = /^\d/.test(base) ? `n${base}` : base;
    let name = plain;
    for (let k = 2; taken.has(name); k++) name = taken.has(`${plain}_`) ? `${plain}_${k}` : `${plain}_`;
    taken.add(name);
    return name;
  };
}

/** Narrowest type that holds a range. */
export function typeFor(lo: number, hi: number): string {
  if (lo >= 0 && hi <= 1) return 'bit';
  if (lo >= 0 && hi <= 255) return 'byte';
  return lo >= -32768 && hi <= 32767 ? 'short' : 'int';
}
