using System.Buffers;
using System.Text;

namespace Libvirtd.Drivers.Test;

/// <summary>
/// What answers on a guest's console: it asks for a name, takes anyone, and knows a few commands. It says the same each time, so that programs which talk
/// to consoles can be tested.
/// </summary>
/// <param name="domain">The domain's name.</param>
/// <param name="device">The console's name, which the greeting tells.</param>
/// <param name="powerOff">Turns the domain off.</param>
internal sealed class GuestShell(string domain, string device, Action powerOff) : IGuestTerminal
{
    private const int LongestLine = 1024;
    private const byte Bell = 7;
    private const byte Backspace = 8;
    private const byte Delete = 0x7f;
    private const byte CtrlC = 3;
    private const byte CtrlD = 4;

    private readonly List<byte> _line = [];
    private string? _user;
    private byte _last;
    private bool _isOff;

    private string Host => domain + "host";

    public void Greet(IBufferWriter<byte> output)
    {
        Say(output, $"\r\nDebian GNU/Linux 12 {Host} {device}\r\n\r\n");
        Prompt(output);
    }

    public void Feed(ReadOnlySpan<byte> input, IBufferWriter<byte> output)
    {
        foreach (byte key in input)
        {
            Press(key, output);
            _last = key;
        }
    }

    private void Press(byte key, IBufferWriter<byte> output)
    {
        switch (key)
        {
            case (byte)'\n' when _last == '\r': // one key, sent as two characters
                break;
            case (byte)'\r' or (byte)'\n':
                Say(output, "\r\n");
                string line = Encoding.UTF8.GetString([.. _line]).Trim();
                _line.Clear();
                Enter(line, output);
                Prompt(output);
                break;
            case Backspace or Delete:
                if (_line.Count == 0)
                    break;
                _line.RemoveAt(_line.Count - 1);
                Say(output, "\b \b");
                break;
            case CtrlC:
                _line.Clear();
                Say(output, "^C\r\n");
                Prompt(output);
                break;
            case CtrlD when _line.Count == 0:
                Say(output, "\r\n");
                LogOut(output);
                Prompt(output);
                break;
            case < 0x20 and not (byte)'\t':
                break;
            default:
                if (_line.Count == LongestLine)
                {
                    output.Write([Bell]);
                    break;
                }

                _line.Add(key);
                output.Write([key]);
                break;
        }
    }

    private void Enter(string line, IBufferWriter<byte> output)
    {
        if (line.Length == 0)
            return;
        if (_user is null)
        {
            _user = line;
            Say(output, $"Linux {Host} 6.1.0-test\r\n");
            return;
        }

        int space = line.IndexOf(' ', StringComparison.Ordinal);
        string command = space < 0 ? line : line[..space];
        string rest = space < 0 ? "" : line[(space + 1)..];
        switch (command)
        {
            case "echo":
                Say(output, rest + "\r\n");
                break;
            case "hostname":
                Say(output, Host + "\r\n");
                break;
            case "uname":
                Say(output, rest == "-a" ? $"Linux {Host} 6.1.0-test\r\n" : "Linux\r\n");
                break;
            case "whoami":
                Say(output, _user + "\r\n");
                break;
            case "exit" or "logout":
                LogOut(output);
                break;
            case "poweroff":
                Say(output, "reboot: Power down\r\n");
                _isOff = true;
                powerOff();
                break;
            default:
                Say(output, $"-sh: {command}: command not found\r\n");
                break;
        }
    }

    private void LogOut(IBufferWriter<byte> output)
    {
        if (_user is not null)
            Say(output, "logout\r\n");
        _user = null;
    }

    private void Prompt(IBufferWriter<byte> output) => Say(output, _isOff ? "" : _user is null ? $"{Host} login: " : $"{_user}@{Host}:~$ ");

    private static void Say(IBufferWriter<byte> output, string text) => Encoding.UTF8.GetBytes(text, output);
}
