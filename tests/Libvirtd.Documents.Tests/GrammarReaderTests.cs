using Xunit;

namespace Libvirtd.Documents.Tests;

/// <summary>The notation of the schemas.</summary>
public sealed class GrammarReaderTests
{
    [Theory]
    [InlineData("r = r{[a{}? b{}? c{}*]}", "<r><c/><b/><c/><a/></r>", true)]
    [InlineData("r = r{[a{}? b{}? c{}*]}", "<r><b/><b/></r>", false)]
    [InlineData("r = r{a{} b{}+}", "<r><b/><a/></r>", false)]
    [InlineData("r = r{a{} b{}+}", "<r><a/><b/><b/></r>", true)]
    [InlineData("r = r{a{} | b{}}", "<r><b/></r>", true)]
    [InlineData("r = r{a{} | b{}}", "<r><a/><b/></r>", false)]
    [InlineData("r = r{(a{} b{})*}", "<r><a/><b/><a/></r>", false)]
    [InlineData("r = r{@x @y('one two')?}", "<r y='two' x=''/>", true)]
    [InlineData("r = r{@x @y('one two')?}", "<r y='three' x=''/>", false)]
    [InlineData("r = r{@x('a') @y | @x('b') @z}", "<r z='' x='b'/>", true)]
    [InlineData("r = r{@x('a') @y | @x('b') @z}", "<r z='' x='a'/>", false)]
    [InlineData("r = r{/a[\\/}]+/}", "<r>a/}</r>", true)]
    [InlineData("r = r{number(-1..5)}", "<r> +5 </r>", true)]
    [InlineData("r = r{number(-1..5)}", "<r>6</r>", false)]
    [InlineData("r = r{digits(0..)}", "<r>+5</r>", false)]
    [InlineData("r = r{text?}", "<r/>", true)]
    [InlineData("r = r{'a' | }", "<r/>", true)]
    [InlineData("r = r{s?}\ns = s{r?}", "<r><s><r/></s></r>", true)]
    [InlineData("r = r{s?}\n# between\n\ns = s{r?}", "<r><s><s/></s></r>", false)]
    [InlineData("r = r{any*}", "<r><x y='z'><w/></x>\n<x/></r>", true)]
    [InlineData("r = r{any*}", "<r>words</r>", false)]
    [InlineData("r = r{[(@x a{} | b{}) c{}]}", "<r x=''><c/><a/></r>", true)]
    [InlineData("r = r{[(@x a{} | b{}) c{}]}", "<r x=''><c/><b/></r>", false)]
    [InlineData("r = r{ipv4 | ipv6}", "<r>1.2.3.4</r>", true)]
    [InlineData("r = r{ipv4 | ipv6}", "<r>::1</r>", true)]
    [InlineData("r = r{ipv4 | ipv6}", "<r>1.2.3</r>", false)]
    [InlineData("r = r{ipv4 | ipv6}", "<r>fe80::1%eth0</r>", false)]
    public void Pattern_takes_what_it_says(string schema, string xml, bool takes)
    {
        GrammarReader reader = new();
        reader.Add(schema);
        Pattern root = reader.Define("r");
        SchemaFault? fault = new Matcher(reader.Pool).FindRoot(root, DocumentReader.Read(xml, "(test)", Protocol.ErrorDomain.Xml));
        Assert.True(takes == fault is null, $"{fault}");
    }

    [Theory]
    [InlineData("r = r{s}")]
    [InlineData("r = r{a{}")]
    [InlineData("r = r | s")]
    [InlineData("r = r{number(x..)}")]
    [InlineData("r = r{[a{} | b{}]}")]
    public void Broken_schema_is_told(string schema)
    {
        GrammarReader reader = new();
        reader.Add(schema);
        Assert.Throws<FormatException>(() => reader.Define("r"));
    }
}
