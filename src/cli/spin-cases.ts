/** The texts of the gallery as the explorer sees them, for `npm run check:spin` to hold against Spin. */
import { explore, type Exploration } from '../explore/bfs';
import { loadKernelTexts } from '../kernels/index';
import { toPromela } from '../language/promela/model';
import { gallery, loadGallery } from '../litmus/gallery';
import { load } from '../litmus/load';
import { Machine } from '../machine/machine';

export interface SpinCase {
  readonly name: string;
  readonly kernel: string;
  readonly how: 'never' | 'always' | 'exists' | 'eventually' | '';
  readonly model: string;
  readonly ours: Exploration;
  /** Of the search here. */
  readonly seconds: number;
}

/** One after the other; a search ends at `limit` states, and is then not complete. `only`: names of texts, none for all. */
export async function* spinCases(limit: number, only: readonly string[]): AsyncGenerator<SpinCase> {
  await Promise.all([loadKernelTexts(), loadGallery()]);
  for (const { name, text } of gallery()) {
    if (only.length > 0 && !only.includes(name)) continue;
    const loaded = load(text, `${name}.litmus`);
    if (!loaded.ok) throw new Error(`${name}: ${loaded.problems[0]?.message ?? 'is wrong'}`);
    const { program } = loaded;
    const began = process.cpuUsage().user;
    const ours = explore(program, { maxStates: limit });
    const seconds = (process.cpuUsage().user - began) / 1e6;
    const model = toPromela(program, new Machine(program).s);
    yield { name, kernel: program.kernel, how: program.question?.how ?? '', model, ours, seconds };
  }
}
