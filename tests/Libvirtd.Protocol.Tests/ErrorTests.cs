namespace Libvirtd.Protocol.Tests;

public sealed class ErrorTests
{
    [Theory]
    [InlineData(ErrorCode.InternalError, "x", "internal error: x")]
    [InlineData(ErrorCode.NoSupport, "virDomainBlockRebase", "this function is not supported by the connection driver: virDomainBlockRebase")]
    [InlineData(ErrorCode.InvalidArg, "x", "invalid argument: x")]
    [InlineData(ErrorCode.OperationFailed, "x", "operation failed: x")]
    [InlineData(ErrorCode.OperationInvalid, "domain is not running", "Requested operation is not valid: domain is not running")]
    [InlineData(ErrorCode.NoDomain, "x", "Domain not found: x")]
    [InlineData(ErrorCode.OperationDenied, "x", "operation forbidden: x")]
    [InlineData(ErrorCode.XmlError, "x", "XML error: x")]
    [InlineData(ErrorCode.ConfigUnsupported, "x", "unsupported configuration: x")]
    [InlineData(ErrorCode.SystemError, "x", "x")]
    [InlineData(ErrorCode.Rpc, "x", "x")]
    public void The_text_is_the_template_with_the_detail(ErrorCode code, string detail, string expected)
    {
        VirException error = VirException.Of(code, ErrorDomain.Domain, detail);
        Assert.Equal(expected, error.Message);
        Assert.Equal(ErrorText.Template(code), error.Str1);
        Assert.Equal(detail, error.Str2);
        Assert.Equal((-1, -1), (error.Int1, error.Int2));
    }

    [Fact]
    public void Every_code_has_its_texts()
    {
        foreach (ErrorCode code in Enum.GetValues<ErrorCode>().Where(code => code != ErrorCode.Ok))
        {
            Assert.False(string.IsNullOrEmpty(ErrorText.Short(code)), code.ToString());
            Assert.Contains("%s", ErrorText.Template(code), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Without_a_detail_the_short_text_stands_alone() =>
        Assert.Equal("out of memory", VirException.Of(ErrorCode.NoMemory, ErrorDomain.None).Message);

    [Fact]
    public void A_refused_argument_has_no_prefix()
    {
        VirException error = VirException.BadArgument(ErrorDomain.Domain, "disk in virDomainBlockPull must not be NULL", "virDomainBlockPull", "disk");
        Assert.Equal("disk in virDomainBlockPull must not be NULL", error.Message);
        Assert.Equal((ErrorCode.InvalidArg, "virDomainBlockPull", "disk"), (error.Code, error.Str1, error.Str2));
    }

    [Fact]
    public void A_failed_operation_of_the_system_carries_its_number()
    {
        VirException error = VirException.SystemError(ErrorDomain.Storage, 2, "cannot open file '/x'");
        Assert.Equal("cannot open file '/x': No such file or directory", error.Message);
        Assert.Equal(2, error.Int1);
    }

    [Fact]
    public void Unknown_flags_are_shown_in_hexadecimal() =>
        Assert.Equal("unsupported flags (0x80000001) in function testDomainX", VirException.UnsupportedFlags(ErrorDomain.Test, 0x80000001, "testDomainX").Message);
}
