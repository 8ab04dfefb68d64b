/** Commands of the tour. */
import type { Command } from './registry';
import { get } from './store/store';
import { goTour, leaveTour, onTour, startTour } from './store/tour';
import { TOUR } from './store/tour-steps';

const NOT = 'the tour is not on';

export const tourCommands: readonly Command[] = [
  {
    id: 'tour.start',
    title: 'Tour of the thread, in seven steps',
    group: 'View',
    keys: ['Shift+H'],
    run: () => void startTour(),
    when: () => !onTour(),
    reason: () => 'it is on',
  },
  {
    id: 'tour.next',
    title: 'Tour: next step',
    group: 'View',
    keys: ['PageDown'],
    run: () => void goTour(1),
    when: () => onTour() && get().tour!.step < TOUR.length - 1,
    reason: () => (onTour() ? 'this is the last step' : NOT),
  },
  {
    id: 'tour.back',
    title: 'Tour: step before',
    group: 'View',
    keys: ['PageUp'],
    run: () => void goTour(-1),
    when: () => onTour() && get().tour!.step > 0,
    reason: () => (onTour() ? 'this is the first step' : NOT),
  },
  {
    id: 'tour.leave',
    title: 'Leave the tour',
    group: 'View',
    keys: ['Shift+Q'],
    run: leaveTour,
    when: onTour,
    reason: () => NOT,
  },
];
