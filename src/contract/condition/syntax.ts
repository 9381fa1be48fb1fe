import type { ASTNode } from '@marcbachmann/cel-js';
import { type Expression, value } from './expression.js';

/** The parser's tree as ours. */
export function fromSyntax(node: ASTNode): Expression {
  switch (node.op) {
    case 'value':
      return value(node.args);
    case 'id':
      return { op: 'id', name: node.args };
    case '.':
    case '.?':
      return { op: 'select', of: fromSyntax(node.args[0]), key: value(node.args[1]) };
    case '[]':
    case '[?]':
      return { op: 'select', of: fromSyntax(node.args[0]), key: fromSyntax(node.args[1]) };
    case 'call':
      return { op: 'call', name: node.args[0], target: undefined, args: node.args[1].map(fromSyntax) };
    case 'rcall':
      return {
        op: 'call',
        name: node.args[0],
        target: fromSyntax(node.args[1]),
        args: node.args[2].map(fromSyntax),
      };
    case 'list':
      return { op: 'list', items: node.args.map(fromSyntax) };
    case 'map':
      return {
        op: 'map',
        entries: node.args.map(([key, held]) => [fromSyntax(key), fromSyntax(held)] as const),
      };
    case '!_':
      return { op: 'not', of: fromSyntax(node.args) };
    case '-_':
      return { op: 'minus', of: fromSyntax(node.args) };
    case '?:': {
      const [test, yes, no] = node.args;
      return { op: 'if', test: fromSyntax(test), yes: fromSyntax(yes), no: fromSyntax(no) };
    }
    default:
      return {
        op: 'binary',
        sign: node.op,
        left: fromSyntax(node.args[0]),
        right: fromSyntax(node.args[1]),
      };
  }
}

/** Nodes and nesting of a tree, counted without recursion: a hostile one may be deeper than the stack. */
export function measure(root: ASTNode): { nodes: number; depth: number } {
  let nodes = 0;
  let depth = 0;
  const queue: [unknown, number][] = [[root, 1]];
  for (let next = queue.pop(); next; next = queue.pop()) {
    const [node, level] = next;
    if (Array.isArray(node)) {
      for (const part of node) queue.push([part, level]);
    } else if (typeof node === 'object' && node !== null && 'op' in node && 'args' in node) {
      nodes++;
      depth = Math.max(depth, level);
      queue.push([node.args, level + 1]);
    }
  }
  return { nodes, depth };
}
