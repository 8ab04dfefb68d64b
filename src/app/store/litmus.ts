/** A text of the gallery by its name, which may have to be fetched first. */
import { openBeside } from './beside';
import { fetchTexts } from './shelf';
import { openScenario } from './text';

/** @param beside a kernel or design on which it is run too, on the same lanes */
export async function openLitmus(name: string, beside?: string): Promise<void> {
  if (!(await fetchTexts())) return;
  // Of two runs the outcomes are what counts, and both are told at once.
  openScenario(name, { unfold: beside === undefined });
  if (beside !== undefined) await openBeside(beside);
}
