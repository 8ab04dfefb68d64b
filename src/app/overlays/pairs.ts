/** Texts of the gallery that say most on two kernels at once: the first is the one that the text names. */
export interface Pair {
  readonly text: string;
  readonly beside: string;
  readonly about: string;
}

export const PAIRS: readonly Pair[] = [
  {
    text: 'td-hotadd-running',
    beside: 'td1-document',
    about: 'A trusted domain on a hot-added CPU: v6.17 refuses the CPU, the design that only documents lets it in',
  },
  {
    text: 'kevin-2021-11-30',
    beside: 'v6.3',
    about:
      'The question of 2021: the failure is swallowed on v5.15, and refused once the callback is in the ONLINE section',
  },
  {
    text: 'td-first-after-bad',
    beside: 'td3-usage-count',
    about: 'The first TD after a CPU that TDX does not know: refused with the CPU, or let in while no TD runs',
  },
];
