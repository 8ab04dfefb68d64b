/** A text of the gallery by its name, which may have to be fetched first. */
import { fetchTexts } from './shelf';
import { openScenario } from './text';

export async function openLitmus(name: string): Promise<void> {
  if (await fetchTexts()) openScenario(name);
}
