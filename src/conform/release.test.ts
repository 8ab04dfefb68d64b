/** Which kernel text stands for which release. */
import { describe, expect, it } from 'vitest';
import { KERNELS } from '../kernels/index';
import { kernelFor, releaseOf } from './release';

const chosen = (kernel: string, release: string): ReturnType<typeof kernelFor> =>
  kernelFor(releaseOf(kernel, release)!, KERNELS);

describe('the kernel text of a release', () => {
  it.each([
    ['6.1.192-2 (Debian 12)', '6.1.0-56-amd64', 'v6.1.192'],
    ['6.1.192-2 (Debian 12)', '6.1.0-56-cloud-amd64', 'v6.1.192-cloud'],
    ['6.12.117-1~deb12u1 (Debian 12)', '6.12.117+deb12-cloud-amd64', 'v6.12.117-cloud'],
    ['7.3.4-1~bpo13+1 (Debian 13)', '7.3.4+deb13-amd64', 'v7.3.4'],
  ])('%s, %s: %s itself', (kernel, release, name) => {
    expect(chosen(kernel, release)).toEqual({ name, exact: true, assumed: '' });
  });

  it.each([
    ['6.1.190-1', '6.1.0-55-amd64', 'v6.1.192'],
    ['6.1.190-1', '6.1.0-55-cloud-amd64', 'v6.1.192-cloud'],
    ['6.12.100', '6.12.100+deb12-amd64', 'v6.12.117'],
    ['6.18.3-1', '6.18.3+deb13-cloud-amd64', 'v6.18.15'],
    ['7.3.9', '', 'v7.3.4'],
  ])('%s, %s: %s stands for it, and it is said', (kernel, release, name) => {
    const found = chosen(kernel, release)!;
    expect([found.name, found.exact]).toEqual([name, false]);
    expect(found.assumed).toMatch(/there is no text of [\d.]+: v\S+ stands for it/);
  });

  it('of 5.10 there is one text for the series, so nothing is assumed', () => {
    expect(chosen('5.10.262-1', '5.10.0-46-cloud-amd64')).toEqual({ name: 'v5.10-cloud', exact: false, assumed: '' });
  });

  it('a series without a text has the newest one before it; one that is older than all has none', () => {
    expect(chosen('6.14.2', '')).toMatchObject({ name: 'v6.12.117', exact: false });
    expect(chosen('8.0.1', '')).toMatchObject({ name: 'v7.3.4' });
    expect(chosen('6.14.2', '')!.assumed).toContain('numbers of hotplug states may be others');
    expect(chosen('3.2.1', '')).toBeNull();
  });

  it('what names no release has none', () => {
    expect(releaseOf('Debian', 'amd64')).toBeNull();
  });
});
