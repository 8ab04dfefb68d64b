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

/**
 * The kernel text for a release, of those that there are: its own flavour (`v6.1.192-cloud`), the release (`v6.1.192`), else
 * its series (`v6.1`); null where no text is of that series. `exact` is false where the text is of the series only.
 */
export function kernelFor(
  { version, flavour }: Release,
  kernels: readonly string[],
): { readonly name: string; readonly exact: boolean } | null {
  const series = version.split('.').slice(0, 2).join('.');
  const variant = flavour.replace(/-?amd64$/, '');
  const wanted = [...(variant ? [`v${version}-${variant}`, `v${series}-${variant}`] : []), `v${version}`, `v${series}`];
  const name = wanted.find((candidate) => kernels.includes(candidate));
  return name === undefined ? null : { name, exact: name.startsWith(`v${version}`) || version === series };
}
