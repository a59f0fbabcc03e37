/*
 * src/exchange/diagram.c
 *		The picture of the declared models, written for a program that draws it.
 *
 * What is drawn is decided in exchange/picture; here are the two formats and
 * what each of them needs to be escaped.  Only ASCII is added to the names, so
 * the text is right in whatever encoding the database has.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"

#include "base/err.h"
#include "exchange/diagram.h"

/* a text beside a line, or in a box, is broken where it gets longer */
#define TEXT_WIDTH 30

/* \n, \t, \x07: control characters, which neither format can hold */
static char *
control_shown(char c)
{
	switch (c)
	{
		case '\n':
			return pstrdup("\\n");
		case '\r':
			return pstrdup("\\r");
		case '\t':
			return pstrdup("\\t");
		default:
			return psprintf("\\x%02x", (unsigned char) c);
	}
}

static bool
is_control(char c)
{
	return (unsigned char) c < 0x20 || c == 0x7f;
}

/* PK, FK, UK, with what stands between them */
static char *
marks_of(const TaPictureColumn *column, const char *separator)
{
	List *marks = NIL;

	if (column->primary)
		marks = lappend(marks, "PK");
	if (column->foreign)
		marks = lappend(marks, "FK");
	if (column->unique)
		marks = lappend(marks, "UK");
	return marks == NIL ? "" : ta_err_join(marks, separator);
}

/* tags: has many Tag through todos.tags */
static char *
path_in_words(const TaDecl *decl)
{
	return psprintf("%s: %s %s through %s", decl->alias, ta_kind_words(decl->kind), decl->target,
					decl->through);
}

/* ---- Mermaid ---- */

/*
 * Between quotes, Mermaid has no escape but its entities.  What is HTML or
 * Markdown to it is written so too, % for its directives, ~ for its generic
 * types, and a colon by which it would take the line for a style, whose last
 * semicolon it cuts off.  "direction TB" it sees even between quotes.
 */
static void
mermaid_text(StringInfo out, const char *text)
{
	static const char direction[] = "direction";
	const int length = sizeof(direction) - 1;

	for (const char *c = text; *c != '\0'; c++)
	{
		if (is_control(*c))
			mermaid_text(out, control_shown(*c));
		else if (*c == '"')
			appendStringInfoString(out, "#quot;");
		else if (*c == '&')
			appendStringInfoString(out, "#amp;");
		else if (*c == '<')
			appendStringInfoString(out, "#lt;");
		else if (*c == '>')
			appendStringInfoString(out, "#gt;");
		else if (strchr("#%*;\\`~", *c) != NULL || (*c == ':' && c[1] != ' ') ||
				 (*c == ' ' && c - text >= length &&
				  pg_strncasecmp(c - length, direction, length) == 0))
			appendStringInfo(out, "#%d;", *c);
		else
			appendStringInfoChar(out, *c);
	}
}

/* Whether a word that begins so would be read as PK, FK or UK; to Mermaid, a letter is one of ASCII. */
static bool
reads_as_key(const char *text)
{
	char next = text[0] != '\0' && text[1] != '\0' ? text[2] : '\0';

	if (strchr("PFUpfu", text[0]) == NULL || (text[1] != 'K' && text[1] != 'k'))
		return false;
	return !((next >= 'a' && next <= 'z') || (next >= 'A' && next <= 'Z') ||
			 (next >= '0' && next <= '9') || next == '_');
}

/*
 * A type or a column's name, as a word: anything that a word can't have is _.
 * Returns whether the word is the text itself.
 */
static bool
mermaid_word(StringInfo out, const char *text, const char *others)
{
	bool same = true;
	int start = out->len;

	/* keywords of the place, and what a word does not begin with */
	if (reads_as_key(text) || (*text >= '0' && *text <= '9') || strchr("-[]()", *text) != NULL)
	{
		appendStringInfoChar(out, '_');
		same = false;
	}
	while (*text != '\0')
	{
		int length = pg_mblen(text);
		bool plain = (*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z') ||
					 (*text >= '0' && *text <= '9') || strchr(others, *text) != NULL;

		/* from U+00C0 on, everything may be in a word */
		if (length > 1)
			plain = GetDatabaseEncoding() == PG_UTF8 && (unsigned char) *text != 0xc2;
		if (plain)
			appendBinaryStringInfo(out, text, length);
		else if (out->len == start || out->data[out->len - 1] != '_')
			appendStringInfoChar(out, '_');
		same = same && plain;
		text += length;
	}
	return same;
}

/* integer userId FK "planned" */
static void
mermaid_column(StringInfo out, const TaPictureColumn *column)
{
	const char *marks = marks_of(column, ", ");
	bool same;

	appendStringInfoString(out, "        ");
	(void) mermaid_word(out, column->type != NULL ? column->type : "unknown", "_-[]()");
	appendStringInfoChar(out, ' ');
	same = mermaid_word(out, column->name, "_");
	if (*marks != '\0')
		appendStringInfo(out, " %s", marks);
	if (!same || column->planned)
	{
		appendStringInfoString(out, " \"");
		if (!same)
			mermaid_text(out, column->name);
		appendStringInfo(out, "%s%s\"", !same && column->planned ? ", " : "",
						 column->planned ? "planned" : "");
	}
	appendStringInfoChar(out, '\n');
}

/* Todo["Todo (Todos)"] { ... } */
static void
mermaid_box(StringInfo out, const TaBox *box)
{
	ListCell *lc;

	appendStringInfo(out, "    %s", box->id);
	if (strcmp(box->id, box->name) != 0 || box->table != NULL || box->note != NULL)
	{
		appendStringInfoString(out, "[\"");
		mermaid_text(out, box->name);
		if (box->table != NULL || box->note != NULL)
		{
			appendStringInfoString(out, " (");
			mermaid_text(out, box->table != NULL ? box->table : "");
			appendStringInfo(out, "%s%s)", box->table != NULL && box->note != NULL ? ", " : "",
							 box->note != NULL ? box->note : "");
		}
		appendStringInfoString(out, "\"]");
	}
	if (box->columns != NIL)
	{
		appendStringInfoString(out, " {\n");
		foreach(lc, box->columns)
			mermaid_column(out, lfirst(lc));
		appendStringInfoString(out, "    }");
	}
	appendStringInfoChar(out, '\n');
	foreach(lc, box->paths)
	{
		appendStringInfoString(out, "    %% ");
		mermaid_text(out, psprintf("%s.%s", box->name, path_in_words(lfirst(lc))));
		appendStringInfoChar(out, '\n');
	}
}

/* User |o--o{ Todo : "todos / user" */
static void
mermaid_edge(StringInfo out, const TaEdge *edge)
{
	appendStringInfo(out, "    %s %s%s%s %s : \"", edge->parent->id,
					 edge->many_parents ? "}o"
					 : edge->one_parent ? "||"
										: "|o",
					 edge->state == TA_EDGE_SOLID ? "--" : "..", edge->one_child ? "o|" : "o{",
					 edge->child->id);
	mermaid_text(out, edge->label);
	if (edge->note != NULL)
	{
		appendStringInfoString(out, " (");
		mermaid_text(out, edge->note);
		appendStringInfoChar(out, ')');
	}
	appendStringInfoString(out, "\"\n");
}

static char *
write_mermaid(const TaPicture *picture)
{
	StringInfoData out;
	ListCell *lc;

	initStringInfo(&out);
	appendStringInfoString(&out, "erDiagram\n");
	foreach(lc, picture->boxes)
		mermaid_box(&out, lfirst(lc));
	foreach(lc, picture->edges)
		mermaid_edge(&out, lfirst(lc));
	return out.data;
}

/* ---- DOT ---- */

#define DOT_FONT "Helvetica,Arial,sans-serif"
#define DOT_INK "#24303C"
#define DOT_FAINT "#6A7683"
#define DOT_LINE "#5B7083"
#define DOT_RED "#B3382C"

/* a row of words below the columns, in lines that end so */
#define DOT_LEFT "<BR ALIGN=\"LEFT\"/>"
#define DOT_ROW                                                                                            \
	"      <TR><TD COLSPAN=\"3\" ALIGN=\"LEFT\" BALIGN=\"LEFT\"><FONT POINT-SIZE=\"9\" COLOR=\"" DOT_FAINT \
	"\">"
#define DOT_ROW_END "</FONT></TD></TR>\n"

/* In an HTML-like label. */
static void
dot_text(StringInfo out, const char *text)
{
	for (const char *c = text; *c != '\0'; c++)
	{
		if (is_control(*c))
			dot_text(out, control_shown(*c));
		else if (*c == '&')
			appendStringInfoString(out, "&amp;");
		else if (*c == '<')
			appendStringInfoString(out, "&lt;");
		else if (*c == '>')
			appendStringInfoString(out, "&gt;");
		else if (*c == '"')
			appendStringInfoString(out, "&quot;");
		else if (*c == '\\')
			appendStringInfoString(out, "&#92;");
		/* spaces at the ends and in a row would go */
		else if (*c == ' ' && (c == text || c[-1] == ' ' || c[1] == '\0'))
			appendStringInfoString(out, "&#160;");
		else
			appendStringInfoChar(out, *c);
	}
}

/* The same in lines of some width, broken at spaces. */
static void
dot_wrapped(StringInfo out, const char *text, const char *line_end)
{
	while (strlen(text) > TEXT_WIDTH)
	{
		const char *end = text + TEXT_WIDTH;

		while (end > text && *end != ' ')
			end--;
		if (end == text)
			end = strchrnul(text + TEXT_WIDTH, ' ');
		dot_text(out, pnstrdup(text, end - text));
		if (*end == '\0')
			return;
		appendStringInfoString(out, line_end);
		text = end + 1;
	}
	if (*text != '\0')
		dot_text(out, text);
}

/* One row: marks, name, type.  The outer cells have the ports of the lines. */
static void
dot_column(StringInfo out, const TaPictureColumn *column, int number)
{
	const char *marks = marks_of(column, " ");

	appendStringInfo(out, "      <TR><TD ALIGN=\"LEFT\" PORT=\"w%d\">", number);
	if (*marks != '\0')
		appendStringInfo(out, "<FONT POINT-SIZE=\"8\" COLOR=\"" DOT_FAINT "\">%s</FONT>", marks);
	else
		appendStringInfoChar(out, ' ');
	appendStringInfoString(out, "</TD><TD ALIGN=\"LEFT\">");
	if (column->planned)
		appendStringInfoString(out, "<I>");
	dot_text(out, column->name);
	if (column->planned)
		appendStringInfoString(out, "</I>");
	appendStringInfo(
		out, "</TD><TD ALIGN=\"LEFT\" PORT=\"e%d\"><FONT POINT-SIZE=\"9\" COLOR=\"" DOT_FAINT "\">",
		number);
	dot_text(out, column->type != NULL ? column->type : "?");
	appendStringInfo(out, "%s</FONT></TD></TR>\n", column->planned ? ", planned" : "");
}

static void
dot_header(StringInfo out, const TaBox *box)
{
	appendStringInfo(out, "      <TR><TD COLSPAN=\"3\" BGCOLOR=\"%s\"><B>",
					 box->broken     ? "#F6E1DD"
					 : box->junction ? "#EFEAE0"
									 : "#DFE9F1");
	dot_text(out, box->name);
	appendStringInfoString(out, "</B>");
	if (box->table != NULL)
	{
		appendStringInfoString(out, "<BR/><FONT POINT-SIZE=\"9\" COLOR=\"" DOT_FAINT "\">");
		dot_text(out, box->table);
		appendStringInfoString(out, "</FONT>");
	}
	if (box->note != NULL)
		appendStringInfo(out, "<BR/><FONT POINT-SIZE=\"9\" COLOR=\"%s\">%s</FONT>",
						 box->broken ? DOT_RED : DOT_FAINT, box->note);
	appendStringInfoString(out, "</TD></TR>\n");
}

/* todos / user, and below it the note */
static void
dot_label(StringInfo out, const TaEdge *edge, const char *line_end)
{
	dot_wrapped(out, edge->label, line_end);
	if (edge->note == NULL)
		return;
	appendStringInfo(out, "%s<FONT COLOR=\"%s\"><I>", line_end,
					 edge->state == TA_EDGE_BROKEN ? DOT_RED : DOT_FAINT);
	dot_wrapped(out, edge->note, line_end);
	appendStringInfoString(out, "</I></FONT>");
}

static void
dot_box(StringInfo out, const TaBox *box)
{
	int number = 0;
	ListCell *lc;

	appendStringInfo(out,
					 "  %s [label=<\n"
					 "    <TABLE BORDER=\"1\" COLOR=\"%s\" BGCOLOR=\"white\" CELLBORDER=\"0\" "
					 "CELLSPACING=\"0\" CELLPADDING=\"3\">\n",
					 box->id, box->broken ? DOT_RED : "#A9B7C4");
	dot_header(out, box);
	foreach(lc, box->columns)
		dot_column(out, lfirst(lc), number++);
	foreach(lc, box->loops)
	{
		appendStringInfoString(out, DOT_ROW);
		dot_label(out, lfirst(lc), DOT_LEFT);
		appendStringInfoString(out, DOT_ROW_END);
	}
	foreach(lc, box->paths)
	{
		appendStringInfoString(out, DOT_ROW "<I>");
		dot_wrapped(out, path_in_words(lfirst(lc)), DOT_LEFT);
		appendStringInfoString(out, "</I>" DOT_ROW_END);
	}
	appendStringInfoString(out, "    </TABLE>>];\n");
}

/* The row of the box where a line over these columns ends. */
static int
dot_port(const TaBox *box, List *columns)
{
	ListCell *lc;

	foreach(lc, box->columns)
	{
		if (strcmp(((TaPictureColumn *) lfirst(lc))->name, linitial(columns)) == 0)
			return foreach_current_index(lc);
	}
	return 0;
}

/* The box's row at a side of it: Todo:w1:w */
static char *
dot_end(const TaBox *box, List *columns, char side)
{
	return psprintf("%s:%c%d:%c", box->id, side, dot_port(box, columns), side);
}

/*
 * From the key of the parent to the foreign key of the child, from left to
 * right; a backward line from the foreign key to the key.  Both ends have
 * their crow's feet.  The label is a node in the middle of the line: dot leads
 * other lines around nodes, and across the labels of lines.
 *
 *   1 [label=<todos / user>];
 *   User:e0:e -> 1:w [dir=back, arrowtail=teeodot, ...];
 *   1:e -> Todo:w1:w [arrowhead=crowodot, ...];
 *
 * A loop is at the left, for at the right lines crowd; its label is in the box.
 */
static void
dot_edge(StringInfo out, const TaEdge *edge, int number)
{
	bool loop = edge->parent == edge->child;
	const char *key = edge->many_parents ? "crowodot" : edge->one_parent ? "teetee" : "teeodot";
	const char *foreign = edge->one_child ? "teeodot" : "crowodot";
	char *parent = dot_end(edge->parent, edge->reference->key, edge->backward || loop ? 'w' : 'e');
	char *child = dot_end(edge->child, edge->reference->columns, edge->backward ? 'e' : 'w');
	char *style =
		psprintf("style=%s, color=\"%s\"", edge->state == TA_EDGE_SOLID ? "solid" : "dashed",
				 edge->state == TA_EDGE_BROKEN ? DOT_RED : DOT_LINE);

	if (loop)
	{
		appendStringInfo(out, "  %s -> %s [dir=both, arrowtail=%s, arrowhead=%s, %s];\n", parent,
						 child, key, foreign, style);
		return;
	}
	appendStringInfo(out,
					 "  %d [fontsize=9, label=<<TABLE BORDER=\"0\" CELLSPACING=\"0\" "
					 "CELLPADDING=\"2\"><TR><TD>",
					 number);
	dot_label(out, edge, "<BR/>");
	appendStringInfo(out,
					 "</TD></TR></TABLE>>];\n"
					 "  %s -> %d:w [dir=back, arrowtail=%s, %s];\n"
					 "  %d:e -> %s [arrowhead=%s, %s];\n",
					 edge->backward ? child : parent, number, edge->backward ? foreign : key, style,
					 number, edge->backward ? parent : child, edge->backward ? key : foreign,
					 style);
}

/* ---- the order of boxes ---- */

enum
{
	UNSEEN,
	OPEN,
	DONE
};

/* Goes down to the children; a line back to where the way comes from is backward. */
static void
visit(TaBox *box)
{
	ListCell *lc;

	check_stack_depth();
	box->visit = OPEN;
	foreach(lc, box->below)
	{
		TaEdge *edge = lfirst(lc);

		if (edge->child->visit == UNSEEN)
			visit(edge->child);
		else if (edge->child->visit == OPEN)
			edge->backward = edge->child != box;
	}
	box->visit = DONE;
}

/*
 * Turns lines of circles, so that all go from left to right: dot would draw
 * the others around the whole picture.  What needs no parent comes first.
 */
static void
turn_circles(const TaPicture *picture)
{
	ListCell *lc;

	foreach(lc, picture->edges)
	{
		TaEdge *edge = lfirst(lc);

		edge->parent->below = lappend(edge->parent->below, edge);
		edge->child->needs_parent |= edge->one_parent;
	}
	foreach(lc, picture->boxes)
	{
		TaBox *box = lfirst(lc);

		if (!box->needs_parent && box->visit == UNSEEN)
			visit(box);
	}
	foreach(lc, picture->boxes)
	{
		if (((TaBox *) lfirst(lc))->visit == UNSEEN)
			visit(lfirst(lc));
	}
}

static char *
write_dot(const TaPicture *picture)
{
	StringInfoData out;
	ListCell *lc;

	turn_circles(picture);
	initStringInfo(&out);
	appendStringInfoString(
		&out,
		"digraph models {\n"
		"  graph [rankdir=LR, bgcolor=white, pad=0.4, nodesep=0.25, ranksep=0.5,\n"
		"    fontname=\"" DOT_FONT "\", fontsize=9, fontcolor=\"" DOT_FAINT "\"];\n"
		"  node [shape=plain, fontname=\"" DOT_FONT "\", fontsize=11, fontcolor=\"" DOT_INK "\"];\n"
		"  edge [arrowsize=0.8];\n");
	if (picture->edges != NIL)
		appendStringInfoString(&out,
							   "  labelloc=b; labeljust=l;\n"
							   "  label=\"\\lsolid: a foreign key enforces it    dashed: planned, "
							   "not valid or not enforced    red: broken\\l\";\n");
	foreach(lc, picture->boxes)
		dot_box(&out, lfirst(lc));
	foreach(lc, picture->edges)
		dot_edge(&out, lfirst(lc), foreach_current_index(lc) + 1);
	appendStringInfoString(&out, "}\n");
	return out.data;
}

/* ---- both ---- */

static const struct
{
	const char *name;
	char *(*write)(const TaPicture *picture);
} formats[] = {{"mermaid", write_mermaid}, {"dot", write_dot}};

/* The picture of these associations (NULL: all) in the format.  Errors: 22023, 42704, 42602. */
char *
ta_diagram(const char *format, const char *associations)
{
	List *names = NIL;

	for (int i = 0; i < lengthof(formats); i++)
	{
		if (strcmp(formats[i].name, format) == 0)
			return formats[i].write(ta_picture(associations));
		names = lappend(names, (char *) formats[i].name);
	}
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("unknown diagram format \"%s\"", format),
					errhint("Known formats: %s.", ta_err_list(names, lengthof(formats)))));
}
