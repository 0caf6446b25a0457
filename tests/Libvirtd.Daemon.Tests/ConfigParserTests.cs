using System.Numerics;
using Libvirtd.Daemon.Configuration;

namespace Libvirtd.Daemon.Tests;

public class ConfigParserTests
{
    [Fact]
    public void Values_of_every_kind_are_read_with_their_lines()
    {
        ConfigFile file = ConfigParser.Parse("f", "# c\n\nflag = 1 # on\nneg=-1;plus = +3\ns1 = 'a\"b'\r\ns2 = \"it's\"\nlong = \"\"\"x\ny\"\"\"\nlast=[]");
        Assert.Equal(["flag", "neg", "plus", "s1", "s2", "long", "last"], file.Entries.Select(e => e.Name));
        Assert.Equal([3, 4, 4, 5, 6, 7, 9], file.Entries.Select(e => e.Line));
        Assert.Equal(new ConfigValue.Integer(BigInteger.One, false), file.Entries[0].Value);
        Assert.Equal(new ConfigValue.Integer(BigInteger.MinusOne, true), file.Entries[1].Value);
        Assert.Equal(new ConfigValue.Integer(3, false), file.Entries[2].Value);
        Assert.Equal(new ConfigValue.Text("a\"b"), file.Entries[3].Value);
        Assert.Equal(new ConfigValue.Text("it's"), file.Entries[4].Value);
        Assert.Equal(new ConfigValue.Text("x\ny"), file.Entries[5].Value);
        Assert.Empty(Assert.IsType<ConfigValue.List>(file.Entries[6].Value).Items);
    }

    [Fact]
    public void List_spans_lines_with_comments_and_a_trailing_comma()
    {
        ConfigFile file = ConfigParser.Parse("f", "names = [\n  \"a\", # first\n  'b',\n]\nnext = 2");
        Assert.Equal([new ConfigValue.Text("a"), new ConfigValue.Text("b")], Assert.IsType<ConfigValue.List>(file.Entries[0].Value).Items);
        Assert.Equal(5, file.Entries[1].Line);
    }

    [Theory]
    [InlineData("foo\n", "f:1: expecting an assignment")]
    [InlineData("foo\n=1\n", "f:1: expecting an assignment")]
    [InlineData("foo = \n", "f:1: expecting a value")]
    [InlineData("foo = bar\n", "f:1: expecting a value")]
    [InlineData("foo = \"abc\n", "f:1: unterminated string")]
    [InlineData("foo = \"abc", "f:1: unterminated string")]
    [InlineData("foo = \"\"\"abc\n", "f:1: unterminated string")]
    [InlineData("foo = -\n", "f:1: unterminated number")]
    [InlineData("foo = [ 1, 2\n", "f:2: list is not closed with ]")]
    [InlineData("foo = [ 1 2 ]\n", "f:1: expecting a separator in list")]
    [InlineData("foo = [ ,1 ]\n", "f:1: expecting a value")]
    [InlineData("foo = 1 2\n", "f:1: expecting a separator")]
    [InlineData("a = 1\nfoo = 12x\n", "f:2: expecting a separator")]
    [InlineData("# hi\n\n = 3\n", "f:3: expecting a name")]
    [InlineData("3foo = 3\n", "f:1: expecting a name")]
    [InlineData("foo.bar = 3\n", "f:1: expecting an assignment")]
    public void Broken_syntax_is_named_with_file_and_line(string text, string message)
    {
        ConfigException failure = Assert.Throws<ConfigException>(() => ConfigParser.Parse("f", text));
        Assert.Equal("configuration file syntax error: " + message, failure.Message);
    }

    [Fact]
    public void Hostile_sizes_are_refused_instead_of_followed()
    {
        Assert.Throws<ConfigException>(() => ConfigParser.Parse("f", "a = " + new string('[', 100_000)));
        Assert.Throws<ConfigException>(() => ConfigParser.Parse("f", "a = " + new string('9', 1_000_000)));
    }

    [Fact]
    public void Any_cut_of_a_valid_file_parses_or_is_refused()
    {
        string text = SettingsReader.DefaultText().Replace("\n#", "\n", StringComparison.Ordinal);
        for (int length = 0; length < text.Length; length += 7)
        {
            try
            {
                _ = ConfigParser.Parse("f", text.AsSpan(0, length));
            }
            catch (ConfigException)
            {
                // Refused by name, which is all that is asked.
            }
        }
    }

    [Fact]
    public void Missing_file_is_named()
    {
        ConfigException failure = Assert.Throws<ConfigException>(() => ConfigParser.Load("/nonexistent/libvirtd.conf"));
        Assert.Equal("Failed to open file '/nonexistent/libvirtd.conf': No such file or directory", failure.Message);
    }
}
