using Libvirtd.Protocol.Generator.Model;
using Libvirtd.Protocol.Generator.Parsing;

namespace Libvirtd.Protocol.Generator.Tests;

public sealed class ParserTests
{
    [Fact]
    public void Comments_and_lines_for_the_C_compiler_are_skipped()
    {
        SourceFile file = Parse("%#include <x.h>\n/* a\n * b */ const A = 1; // c\n#define X\n%struct {\nconst B = 2; /* d */");
        Assert.Equal(["A", "B"], file.Constants.Select(constant => constant.Name));
    }

    [Fact]
    public void Numbers_may_be_hexadecimal_octal_negative_or_names()
    {
        ProtocolModel protocol = Model("const HEX = 0x1F; const OCTAL = 010; const MINUS = -3; const NAME = HEX; const ZERO = 0; const BIG = 0x20008086;");
        Assert.Equal(31, protocol.Value("HEX"));
        Assert.Equal(8, protocol.Value("OCTAL"));
        Assert.Equal(-3, protocol.Value("MINUS"));
        Assert.Equal(31, protocol.Value("NAME"));
        Assert.Equal(0, protocol.Value("ZERO"));
        Assert.Equal(0x20008086, protocol.Value("BIG"));
        Assert.Empty(protocol.Problems);
    }

    [Fact]
    public void A_constant_may_be_used_before_the_file_that_defines_it()
    {
        ProtocolModel protocol = new([Parse("const A = B; struct s { string t<A>; };"), Parse("const B = C; const C = 7;")]);
        Assert.Empty(protocol.Problems);
        Assert.Equal(7, protocol.Value("A"));
        Assert.Equal("string<7>", Field(protocol, "t"));
    }

    [Fact]
    public void An_enum_may_end_with_a_comma_and_counts_on_by_itself()
    {
        ProtocolModel protocol = Model("enum e { A = 5, B, C = -1, D, };");
        Assert.Equal([5, 6, -1, 0], protocol.Enums.Single().Members.Select(member => member.Value));
    }

    [Fact]
    public void Every_shape_of_a_field_is_understood()
    {
        ProtocolModel protocol = Model(
            """
            const N = 3;
            typedef string text<100>;
            typedef text *maybe;
            typedef opaque id[16];
            enum color { RED = 1 };
            struct inner { int x; };
            struct outer {
                unsigned a; unsigned int b; unsigned hyper c; hyper d; double e; bool f;
                char g; unsigned char h; short i; unsigned short j; float k;
                opaque l[N]; opaque m<N>; opaque n<>; char o[32]; char p<N>; string q<>;
                int r[2]; int s<0x10>; inner t; inner *u; inner v<N>; maybe w; text x<N>; id y; color z; struct inner zz;
            };
            """);
        Assert.Empty(protocol.Problems);
        Assert.Equal(
            [
                "unsigned int", "unsigned int", "unsigned hyper", "hyper", "double", "bool", "char", "unsigned char", "short", "unsigned short", "float",
                "opaque[3]", "opaque<3>", "opaque<>", "char[32]", "char<3>", "string<>", "int[2]", "int<16>", "inner", "*inner", "inner<3>",
                "*string<100>", "string<100><3>", "opaque[16]", "color", "inner",
            ],
            protocol.Struct("outer")!.Fields.Select(field => field.Type.Layout));
    }

    [Fact]
    public void A_union_may_share_arms_and_have_a_default()
    {
        ProtocolModel protocol = Model("const ONE = 1; union u switch (int kind) { case ONE: case 2: int a; case -3: string b<4>; default: void; }; struct s { u v; };");
        Assert.Empty(protocol.Problems);
        Assert.Equal(
            [(1, "int"), (2, "int"), (-3, "string<4>"), (null, null)],
            protocol.Unions.Single().Arms.Select(arm => (arm.Case, arm.Type?.Layout)));
    }

    [Fact]
    public void Annotations_belong_to_the_member_that_follows_them()
    {
        SourceFile file = Parse(
            """
            enum demo_procedure {
                /**
                 * @generate: both
                 * @acl: domain:write
                 * @acl: domain:save:FLAG
                 * @readonly
                 */
                DEMO_PROC_A = 1,

                /* @acl: not:this */
                DEMO_PROC_B = 2
            };
            """);
        Assert.Equal(
            [("generate", "both"), ("acl", "domain:write"), ("acl", "domain:save:FLAG"), ("readonly", "")],
            file.Enums.Single().Members[0].Annotations.Select(annotation => (annotation.Tag, annotation.Value)));
        Assert.Empty(file.Enums.Single().Members[1].Annotations);
    }

    [Fact]
    public void A_program_pairs_its_procedures_with_their_structs()
    {
        ProtocolModel protocol = Model(
            """
            const DEMO_PROGRAM = 0x10; const DEMO_PROTOCOL_VERSION = 2;
            struct demo_get_it_args { int a; }; struct demo_get_it_ret { int b; };
            enum demo_procedure { DEMO_PROC_GET_IT = 1, DEMO_PROC_NOTHING = 2 };
            """);
        ProgramModel program = protocol.Programs.Single();
        Assert.Equal((0x10u, 2u), (program.Number, program.Version));
        Assert.Equal(("demo_get_it_args", "demo_get_it_ret"), (program.Procedures[0].Args!.XName, program.Procedures[0].Ret!.XName));
        Assert.Null(program.Procedures[1].Args);
    }

    [Fact]
    public void Another_releases_procedures_get_the_annotations_that_they_lack()
    {
        SourceFile release = Parse("enum demo_procedure { /**\n * @acl: a:b\n */ DEMO_PROC_A = 1, DEMO_PROC_B = 2 };");
        SourceFile ours = Parse("enum demo_procedure { /**\n * @acl: c:d\n * @readonly\n */ DEMO_PROC_A = 1, /**\n * @readonly\n */ DEMO_PROC_C = 3 };");
        List<ProcedureModel> procedures = new ProtocolModel([release], [ours]).Programs.Single().Procedures;
        Assert.Equal(["A", "B"], procedures.Select(procedure => procedure.XName));
        Assert.Equal(["a:b"], procedures[0].Values("acl"));
        Assert.True(procedures[0].AllowedReadOnly);
        Assert.False(procedures[1].AllowedReadOnly);
    }

    [Theory]
    [InlineData("const = 1;", 0, 6, "expected a name, found '='")]
    [InlineData("\n\n  program x;", 2, 2, "expected const, typedef, enum, struct or union, found 'program'")]
    [InlineData("struct s { int x };", 0, 17, "expected ';', found '}'")]
    [InlineData("struct s {", 0, 10, "expected a name, found the end of the file")]
    [InlineData("const A = \"x\n;", 0, 10, "the text is not closed on its line")]
    [InlineData("const A = 1;\n/* x", 1, 0, "the comment is not closed")]
    [InlineData("const A ? 1;", 0, 8, "unexpected character '?'")]
    [InlineData("struct s { int *x<3>; };", 0, 16, "an optional cannot be an array")]
    [InlineData("struct s { int x[]; };", 0, 17, "expected a size, found ']'")]
    [InlineData("enum e { A = }; ", 0, 13, "expected a number or a constant, found '}'")]
    [InlineData("union u switch (int k) { int x; };", 0, 25, "expected case or default, found 'int'")]
    [InlineData("union u (int k) { };", 0, 8, "expected a name, found '('")]
    public void A_syntax_error_names_its_place(string text, int line, int column, string message)
    {
        Problem problem = Assert.Single(Parse(text).Problems);
        Assert.Equal(("LVX001", message, "test.x", line, column), (problem.Id, problem.Message, problem.Path, problem.Line, problem.Column));
    }

    [Theory]
    [InlineData("struct s { missing x; };", "'missing' is not defined", 0, 19)]
    [InlineData("struct s { string x<LIMIT>; };", "'LIMIT' is no number and no constant that is defined", 0, 18)]
    [InlineData("const A = 0x;", "'0x' is no number and no constant that is defined", 0, 6)]
    [InlineData("const A = 089;", "'089' is no number and no constant that is defined", 0, 6)]
    [InlineData("const A = B; const B = A;", "'A' is no number and no constant that is defined", 0, 19)]
    [InlineData("struct s { int x[-1]; };", "an array cannot have -1 elements", 0, 15)]
    public void An_unknown_name_is_reported(string text, string message, int line, int column)
    {
        Problem problem = Model(text).Problems[0];
        Assert.Equal(("LVX002", message, line, column), (problem.Id, problem.Message, problem.Line, problem.Column));
    }

    [Theory]
    [InlineData("struct s { int x; };\nstruct s { int y; };", 1, 7)]
    [InlineData("struct s { int x; };\nunion s switch (int k) { case 1: int y; };", 1, 6)]
    public void A_second_definition_is_reported(string text, int line, int column)
    {
        Problem problem = Assert.Single(Model(text).Problems);
        Assert.Equal(("LVX003", "'s' is defined twice", line, column), (problem.Id, problem.Message, problem.Line, problem.Column));
    }

    [Theory]
    [InlineData("struct s { int x; s *next; };")]
    [InlineData("struct a { b x; }; struct b { a *y; };")]
    [InlineData("union u switch (int k) { case 1: u x<2>; };")]
    [InlineData("struct s { u x; }; union u switch (int k) { case 1: s y; };")]
    [InlineData("typedef t *t;struct s { t x; };")]
    [InlineData("typedef a *b; typedef b *a; struct s { a x; };")]
    public void A_type_that_contains_itself_is_refused(string text) =>
        Assert.Contains(Model(text).Problems, problem => problem.Id == "LVX004" && problem.Message.Contains("contains itself", StringComparison.Ordinal));

    private static SourceFile Parse(string text) => Parser.Parse("test.x", text, TestContext.Current.CancellationToken);

    private static ProtocolModel Model(string text) => new([Parse(text)]);

    private static string Field(ProtocolModel protocol, string name) => protocol.Structs.Single().Field(name)!.Type.Layout;
}
