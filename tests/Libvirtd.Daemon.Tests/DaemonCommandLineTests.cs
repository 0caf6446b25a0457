using Libvirtd.Daemon.CommandLine;
using Libvirtd.Daemon.Configuration;

namespace Libvirtd.Daemon.Tests;

public sealed class DaemonCommandLineTests : IDisposable
{
    private readonly StringWriter _output = new();
    private readonly StringWriter _error = new();

    public void Dispose()
    {
        _output.Dispose();
        _error.Dispose();
    }

    private DaemonArguments? Parse(out int status, params string[] args) =>
        DaemonCommandLine.Parse(args, DaemonPaths.Of(privileged: true, _ => null), _output, _error, out status);

    [Fact]
    public void No_arguments_are_fine()
    {
        Assert.Equal(new DaemonArguments(), Parse(out int status));
        Assert.Equal(0, status);
    }

    [Fact]
    public void Short_long_and_bundled_forms_mean_the_same()
    {
        DaemonArguments expected = new()
        {
            Verbose = true,
            Background = true,
            Listen = true,
            Timeout = TimeSpan.FromSeconds(30),
            ConfigFile = "/c",
            PidFile = "/p",
        };
        Assert.Equal(expected, Parse(out _, "--verbose", "--daemon", "--listen", "--timeout", "30", "--config", "/c", "--pid-file", "/p"));
        Assert.Equal(expected, Parse(out _, "--verbose", "--daemon", "--listen", "--timeout=30", "--config=/c", "--pid-file=/p"));
        Assert.Equal(expected, Parse(out _, "-vdl", "-t30", "-f", "/c", "-p", "/p"));
    }

    [Fact]
    public void Relative_files_become_absolute() =>
        Assert.Equal(Path.Combine(Environment.CurrentDirectory, "my.conf"), Parse(out _, "-f", "my.conf")!.ConfigFile);

    [Theory]
    [InlineData("-V")]
    [InlineData("--version")]
    public void Version_is_one_line_in_libvirts_form(string option)
    {
        Assert.Null(Parse(out int status, option));
        Assert.Equal(0, status);
        Assert.Equal("libvirtd-net (libvirt) 9.0.0\n", _output.ToString());
    }

    [Theory]
    [InlineData("-h")]
    [InlineData("--help")]
    public void Help_names_every_option(string option)
    {
        Assert.Null(Parse(out int status, option));
        Assert.Equal(0, status);
        foreach (string name in new[] { "--help", "--version", "--verbose", "--daemon", "--listen", "--timeout", "--config", "--pid-file", "--metrics", "--traces" })
            Assert.Contains(name, _output.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("unexpected, non-option, command line arguments", "extra")]
    [InlineData("unexpected, non-option, command line arguments", "-v", "false")]
    [InlineData("unrecognized option '--bogus'", "--bogus")]
    [InlineData("Invalid value for timeout", "-t", "0")]
    [InlineData("Invalid value for timeout", "-t", "abc")]
    [InlineData("Invalid value for timeout", "-t", "99999999999")]
    [InlineData("--config", "--config")]
    public void Wrong_arguments_end_with_status_one(string complaint, params string[] args)
    {
        Assert.Null(Parse(out int status, args));
        Assert.Equal(1, status);
        Assert.Contains(complaint, _error.ToString(), StringComparison.Ordinal);
        Assert.Empty(_output.ToString());
    }
}
