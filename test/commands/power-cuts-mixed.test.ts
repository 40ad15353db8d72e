// A whole deployment, cut at every durable write; what was not flushed is gone, kept, torn or zeroed, drawn for each.
import { cutAtEveryDurableWrite } from '../support/power-cuts.ts';

cutAtEveryDurableWrite('mixed');
