// Every cut of the scenario with this loss; the gate has the others.
import { BARE_METAL, cutAtEveryDurableWrite } from '../support/power-cuts.ts';

cutAtEveryDurableWrite('kept', BARE_METAL);
