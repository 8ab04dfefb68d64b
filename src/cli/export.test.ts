import { describe, expect, it } from 'vitest';
import { call, fileOf } from './testing/call';

describe('hotlanes export', () => {
  it('writes a model with the lines of the texts beside it', async () => {
    const { code, out, err } = await call(['export', 'plain-vm', '--kernel', 'v5.15', '--to', 'promela']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain(' * plain-vm on v5.15');
    expect(out).toMatch(/\/\* parts\/\S+\.kern:\d+ \w+: lock kvm_lock \*\//);
    expect(out).toMatch(/^init \{$/m);
  });

  it('takes no other format, no unknown kernel and no text that is wrong', async () => {
    expect(await call(['export', 'plain-vm', '--to', 'tla'])).toMatchObject({ code: 2, out: '' });
    expect(await call(['export'])).toMatchObject({ code: 2, out: '' });
    const unknown = await call(['export', 'plain-vm', '--kernel', 'v9']);
    expect(unknown).toMatchObject({ code: 2, out: '' });
    expect(unknown.err).toContain('export: no kernel is called v9');
    const { code, err } = await call(['export', fileOf('bad.litmus', 'litmus bad\nkernel v5.15\nnonsense\n')]);
    expect(code).toBe(2);
    expect(err).toMatch(/bad\.litmus:3:1: /);
  });
});
