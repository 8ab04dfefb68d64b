/** The commands of all parts that come once the lanes are there. A part with commands of its own adds a line here. */
import { actCommands, actFamilies } from './commands-act';
import { kernelCommands, kernelFamilies } from './commands-kernel';
import { laneCommands, laneFamilies } from './commands-lanes';
import { openCommands, openFamilies } from './commands-open';
import { readCommands, readFamilies } from './commands-read';
import { sessionCommands } from './commands-session';
import { tourCommands } from './commands-tour';
import { allRegistered, registerCommands } from './registry';

registerCommands(laneCommands, laneFamilies);
registerCommands(sessionCommands);
registerCommands(actCommands, actFamilies);
registerCommands(openCommands, openFamilies);
registerCommands(readCommands, readFamilies);
registerCommands(kernelCommands, kernelFamilies);
registerCommands(tourCommands);

allRegistered();
