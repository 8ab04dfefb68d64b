/** Which kernel text is the model of a release. */

/** What is known of the kernel that a capture names. */
export interface Release {
  /** Upstream version: 6.1.192. */
  readonly version: string;
  /** Flavour of the distribution's build: amd64, cloud-amd64; '' where the name says none. */
  readonly flavour: string;
}

/**
 * `kernel` is the package's version ("6.1.192-2 (Debian 12)"), `release` what uname says ("6.1.0-56-cloud-amd64",
 * "6.12.117+deb12-amd64").
 */
export function releaseOf(kernel: string, release: string): Release | null {
  const version = /^\s*v?(\d+\.\d+(?:\.\d+)?)/.exec(kernel)?.[1] ?? /^v?(\d+\.\d+(?:\.\d+)?)/.exec(release)?.[1];
  if (version === undefined) return null;
  return { version, flavour: /-((?:cloud-|rt-)?amd64)\b/.exec(release)?.[1] ?? '' };
}

export interface Chosen {
  readonly name: string;
  /** It is a text of that very release. */
  readonly exact: boolean;
  /** What had to be assumed, in a sentence; '' for nothing. */
  readonly assumed: string;
}

interface Known {
  readonly name: string;
  readonly series: number;
  /** NaN: a text of the series as a whole. */
  readonly patch: number;
  readonly flavour: string;
}

/**
 * The kernel text for a release, of those that there are: its own flavour (`v6.1.192-cloud`), the release (`v6.1.192`), else
 * the nearest release of its series, else the series (`v6.1`), else the newest one before it; null where none is that old.
 */
export function kernelFor({ version, flavour }: Release, kernels: readonly string[]): Chosen | null {
  const variant = flavour.replace(/-?amd64$/, '');
  const wanted = partsOf(`v${version}`)!;
  const known = kernels.flatMap((name) => partsOf(name) ?? []).filter((k) => k.flavour === '' || k.flavour === variant);
  const mine = known.filter((k) => k.series === wanted.series);
  const apart = (k: Known): number => Math.abs(k.patch - wanted.patch);
  const [nearest] = mine.filter((k) => !Number.isNaN(apart(k))).sort((a, b) => apart(a) - apart(b) || flavoured(a, b));
  const whole = mine.filter((k) => Number.isNaN(k.patch)).sort(flavoured)[0];
  const own = nearest ?? whole;
  if (own) {
    const exact = own.patch === wanted.patch || (Number.isNaN(own.patch) && Number.isNaN(wanted.patch));
    const near = own === nearest && !exact;
    return { name: own.name, exact, assumed: near ? `there is no text of ${version}: ${own.name} stands for it, the nearest release of its series` : '' }; // prettier-ignore
  }
  const [older] = known
    .filter((k) => k.series < wanted.series)
    .sort((a, b) => b.series - a.series || (b.patch || 0) - (a.patch || 0) || flavoured(a, b));
  if (!older) return null;
  const assumed = `there is no text of ${version} nor of its series: ${older.name} stands for it, the newest one before it; numbers of hotplug states may be others`;
  return { name: older.name, exact: false, assumed };
}

const flavoured = (a: Known, b: Known): number => b.flavour.length - a.flavour.length;

/** "v6.1.192-cloud" in parts; null for what names no release. */
function partsOf(name: string): Known | null {
  const found = /^v(\d+)\.(\d+)(?:\.(\d+))?(?:-(\w+))?$/.exec(name);
  if (!found) return null;
  const [, major, minor, patch, flavour = ''] = found;
  return {
    name,
    series: Number(major) * 1000 + Number(minor),
    patch: patch === undefined ? NaN : Number(patch),
    flavour,
  };
}
