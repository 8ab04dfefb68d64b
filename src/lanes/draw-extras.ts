/** Everything that a reader lays over the picture. To be imported for its effect, with the first thing that is. */
import { paintDoubts, paintFound, paintRuler } from './draw-overlay';
import { paintValues } from './draw-values';
import { extras } from './extras';

extras.painters = {
  overBars: (scene, surface, shown) => {
    paintValues(scene, surface, shown);
    paintDoubts(scene, surface, shown);
  },
  overMarks: paintFound,
  overAxis: paintRuler,
};
