/**
 * Where the sources of the kernel texts are kept. Those of the kernel that the page opens with are there from the start,
 * without comments and indentation; all others, and they as they were written, come with `loadKernelTexts`, since together they are
 * more than the rest of the program.
 */
const sources = new Map<string, string>(
  Object.entries(
    import.meta.glob<string>(
      [
        './parts/{cpu-id,cpuhp-install,kvm-load,kvm-vm}.kern',
        './eras/v5.15.kern',
        './states/v5.15.kern',
        './parts/{x86,sched,cpuhp,hotplug-walk,bringup-b1,starting-stops,acpi,sysfs,suspend,oops,kvm,kvm-e1,kvm-sleep-e1,kvm-crash,vendor-e1,vmx,svm,vcpu}.kern',
      ],
      { query: '?bare', import: 'default', eager: true },
    ),
  ),
);

interface Heading {
  readonly path: string;
  readonly kind: 'part' | 'kernel' | 'proposal';
  readonly title: string;
}

/** What each text says of itself on its first line; only the texts that are asked for are parsed whole. */
const headings = new Map<string, Heading>();

function putUp(path: string, source: string): void {
  sources.set(path, source);
  const match = /^(part|kernel|proposal) (\S+)(?: "([^"]*)")?/.exec(source);
  if (match) headings.set(match[2]!, { path, kind: match[1] as Heading['kind'], title: match[3] ?? '' });
}

for (const [path, source] of [...sources]) putUp(path, source);

let whole = false;
let coming: Promise<void> | null = null;

/** Whether every text is there. */
export const hasAllKernelTexts = (): boolean => whole;

/** Fetches the texts that are not there yet. Rejects where they cannot be had; another call tries again. */
export function loadKernelTexts(): Promise<void> {
  coming ??= import('./all-texts').then(
    ({ texts }) => {
      for (const [path, source] of Object.entries(texts)) putUp(path, source);
      whole = true;
    },
    (error: unknown) => {
      coming = null;
      throw error;
    },
  );
  return coming;
}

/** A text of the user's own stands beside the shipped ones, until another takes its place. */
export const OWN = 'your change';

export function putUpOwn(source: string): void {
  for (const [name, { path }] of [...headings]) if (path === OWN) headings.delete(name);
  putUp(OWN, source);
}

export const headingOf = (name: string): Heading | undefined => headings.get(name);

/** Names of the texts that are there. */
export const namesOf = (...kinds: readonly Heading['kind'][]): string[] =>
  [...headings].flatMap(([name, h]) => (kinds.includes(h.kind) ? [name] : []));

/** Source by path as the globs name it (`./parts/vmx.kern`). */
export const sourceAt = (path: string): string | undefined => sources.get(path);
