import { describe, expect, it } from 'vitest';
import { KERNELS, kernelSource, kernelTexts, kernelTitle, loadKernel, PROPOSALS } from './index';

describe('the shipped texts', () => {
  it('parse, and the lists name every kernel and every proposal', () => {
    const texts = [...kernelTexts().values()];
    expect(texts.filter((t) => t.kind === 'kernel').map((t) => t.name).sort()).toEqual([...KERNELS].sort()); // prettier-ignore
    expect(texts.filter((t) => t.kind === 'proposal').map((t) => t.name).sort()).toEqual([...PROPOSALS].sort()); // prettier-ignore
  });

  it.each([...KERNELS, ...PROPOSALS])('%s assembles, and says what it is', (name) => {
    const loaded = loadKernel(name);
    expect(loaded).toMatchObject({ ok: true });
    expect(kernelTitle(name)).not.toBe('');
  });

  it('a proposal names the message it comes from, or says that no fact does', () => {
    for (const name of PROPOSALS) {
      const text = kernelTexts().get(name)!;
      const unnamed = kernelSource(text.file)!.includes('no fact names its message');
      expect(text.messages.length > 0 || unnamed, name).toBe(true);
    }
  });

  it('every function says where its behaviour was read', () => {
    for (const text of kernelTexts().values())
      for (const fn of text.fns) expect(fn.source, `${text.file}: ${fn.name}`).not.toBe('');
  });

  it('an unknown name gets a suggestion', () => {
    const loaded = loadKernel('v6.13');
    expect(loaded.ok || loaded.problems[0]).toMatchObject({ message: 'no kernel text is called v6.13', suggestion: expect.stringMatching(/^did you mean v6\.1/) }); // prettier-ignore
  });
});
